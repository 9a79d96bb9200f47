import { attribute, checkGraph, GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** Uniform noise over 2^bits levels of its range: 6.02 bits dB; int8 activations inside the kernel cost a little more. */
const LEAST_SQNR = { 4: 20, 8: 32 } as const;

const base: QuantizeOptions = { mode: 'weight-only', optimize: false, edgeBits: 4 };

async function compared(model: Model, feeds: Record<string, Tensor>, options: QuantizeOptions) {
  const result = await quantize(model, { ...base, ...options });
  checkGraph(result.model.graph);
  const name = model.graph.outputs[0]!.name;
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  return { ...result, sqnr: sqnr(reference[name]!, actual[name]!) };
}

function linear(k = 96): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', k]);
  const h = g.op('MatMul', [x, g.weight('w', [k, 128], noise(k * 128))], {}, { name: 'a' });
  const inputs = [h, g.weight('v', [64, 128], noise(8192, 2)), g.weight('b', [64], noise(64, 3))];
  return g.output(g.op('Gemm', inputs, { transB: 1, alpha: attribute.float(0.5) }, { name: 'b' }), 'y').model();
}

test.each(
  ([4, 8] as const).flatMap((bits) =>
    (['symmetric', 'asymmetric'] as const).flatMap((mapping) =>
      ([16, 32, 128] as const).map((blockSize) => [bits, mapping, blockSize] as const),
    ),
  ),
)('%s-bit %s blocks of %s run in MatMulNBits', async (bits, mapping, blockSize) => {
  const feeds = { x: noiseTensor([5, 96], 4) };
  const { model, report, sqnr: quality } = await compared(linear(), feeds, { bits, mapping, blockSize });
  expect(countOps(model)).toEqual({ MatMulNBits: 2 });
  expect(quality).toBeGreaterThan(LEAST_SQNR[bits] - (blockSize === 128 ? 3 : 0));
  expect(report.layers.map(({ action }) => action)).toEqual(['weight-only', 'weight-only']);
});

test.each(['int4', 'uint4', 'int8', 'uint8'] as const)(
  '%s DequantizeLinear blocks become MatMulNBits when ONNX Runtime opens the model',
  async (weights) => {
    const feeds = { x: noiseTensor([5, 96], 4) };
    const options = { weights, blockFormat: 'dequantize-linear', blockSize: 32 } as const;
    const { model, sqnr: quality } = await compared(linear(), feeds, options);
    expect(countOps(model)).toEqual({ MatMul: 2, Sum: 1, DequantizeLinear: 2 });
    expect(model.opset).toBe(21);
    expect(await optimizedOps(model)).toEqual({ MatMulNBits: 2, Sum: 1 });
    expect(quality).toBeGreaterThan(LEAST_SQNR[weights.endsWith('4') ? 4 : 8]);
  },
);

test.each([
  ['int4', 4],
  ['uint4', 4],
  ['uint8', 8],
] as const)('%s embeddings run in GatherBlockQuantized', async (weights, bits) => {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const model = g.output(g.op('Gather', [g.weight('table', [40, 64], noise(2560)), ids]), 'y').model();
  const feeds = { ids: Tensor.fromNumbers('int64', [3], [0, 39, 7]) };
  const { model: result, sqnr: quality } = await compared(model, feeds, { weights });
  expect(countOps(result)).toEqual({ GatherBlockQuantized: 1 });
  expect(quality).toBeGreaterThan(LEAST_SQNR[bits]);
});

test('embeddings and output layers keep 8 bits unless told otherwise', async () => {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const h = g.op('Gather', [g.weight('table', [40, 64], noise(2560)), ids], {}, { name: 'embed' });
  const inner = g.op('MatMul', [h, g.weight('w', [64, 64], noise(4096))], {}, { name: 'inner' });
  const logits = g.op('MatMul', [inner, g.weight('v', [64, 40], noise(2560))], {}, { name: 'head' });
  const model = g.output(g.op('Add', [logits, g.weight('b', [40], noise(40))]), 'y').model();
  const { report } = await quantize(model, { mode: 'weight-only', bits: 4 });
  expect(report.layers.map(({ name, reason }) => [name, reason])).toEqual([
    ['embed', '8-bit blocks of 32, GatherBlockQuantized'],
    ['inner', '4-bit blocks of 32, MatMulNBits'],
    ['head', '8-bit blocks of 32, MatMulNBits'],
  ]);
});

test.each([
  // Codes and scales, and the scales times alpha; ONNX Runtime makes no MatMulNBits of codes that two nodes dequantize.
  ['matmulnbits', 64 * 32 + 2 * (64 * 2 * 4)],
  ['dequantize-linear', 2 * (64 * 32 + 64 * 2 * 4)],
] as const)('%s: what two products share is stored as often as ONNX Runtime needs it', async (blockFormat, bytes) => {
  const g = new GraphBuilder('g');
  const w = g.weight('w', [64, 64], noise(4096));
  const relu = g.op('Relu', [g.op('Gemm', [g.input('x', 'float32', ['n', 64]), w, g.weight('b', [64], noise(64))])]);
  const model = g.output(g.op('Gemm', [relu, w], { alpha: attribute.float(0.5) }), 'y').model();
  const options = { weights: 'int4', blockFormat } as const;
  const { model: result, sqnr: quality, report } = await compared(model, { x: noiseTensor([5, 64], 4) }, options);
  expect(await optimizedOps(result)).toMatchObject({ MatMulNBits: 2 });
  expect(quality).toBeGreaterThan(15);
  const bias = 64 * 4;
  expect(report.bytes.after).toBe(bytes + bias);
});

test('the clip search lowers the error of heavy-tailed weights', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  const heavy = noise(64 * 64).map((v) => v ** 9);
  const model = g.output(g.op('MatMul', [x, g.weight('w', [64, 64], heavy)]), 'y').model();
  const feeds = { x: noiseTensor([32, 64], 4) };
  const options = { bits: 4, accuracyLevel: 1 } as const;
  const plain = await compared(model, feeds, options);
  const clipped = await compared(model, feeds, { ...options, clip: true });
  expect(clipped.sqnr).toBeGreaterThan(plain.sqnr);
});

test('a tied embedding stays one tensor', async () => {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const table = g.weight('table', [80, 64], noise(5120));
  const h = g.op('Gather', [table, ids], {}, { name: 'embed' });
  const logits = g.op('Gemm', [h, table], { transB: 1 }, { name: 'head' });
  const model = g.output(logits, 'y').model();
  const feeds = { ids: Tensor.fromNumbers('int64', [3], [0, 39, 7]) };
  const { model: result, sqnr: quality, report } = await compared(model, feeds, { bits: 4 });
  expect(quality).toBeGreaterThan(15);
  expect(countOps(result)).toMatchObject({ GatherBlockQuantized: 1, MatMulNBits: 1 });
  // Codes 80 * 32 bytes, scales 80 * 2 floats, zero points 80 bytes, and the shapes that show both readers the same bytes.
  expect(report.bytes.after).toBeLessThan(80 * 32 + 80 * 2 * 4 + 80 + 64);
});
