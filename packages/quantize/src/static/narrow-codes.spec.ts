import { GraphBuilder, type Model } from '@gossamer/graph';
import { dataFromArrays, Session } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { optimizedOps, runOrt, sqnr } from '../testing/ort.js';

const dims = [2, 8, 10, 10];
const data = () => dataFromArrays({ x: noiseTensor(dims, 4) });
const base = { mode: 'static', costModel: false, optimize: false } as const;

/** A convolution and both products, each with an activation behind that keeps them apart. */
function network(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 8, 10, 10]);
  const c = g.op('Relu', [
    g.op('Conv', [x, g.weight('c', [12, 8, 3, 3], noise(864)), g.weight('d', [12], noise(12, 7))]),
  ]);
  const flat = g.op('Flatten', [c]);
  const h = g.op('Gemm', [flat, g.weight('v', [24, 768], noise(24 * 768, 2)), g.weight('b', [24], noise(24, 3))], {
    transB: 1,
  });
  return g.output(g.op('MatMul', [h, g.weight('w', [24, 16], noise(384, 4))]), 'y', 'float32', ['n', 16]).model();
}

async function compared(options: QuantizeOptions) {
  const { model, report } = await quantize(network(), { ...base, data: data(), ...options });
  const feeds = { x: noiseTensor(dims, 4) };
  const [before, after] = [await runOrt(network(), feeds), await runOrt(model, feeds)];
  return { model, report, after: after['y']!, quality: sqnr(before['y']!, after['y']!) };
}

describe('4-bit weights, 8-bit activations', () => {
  it.each([
    { weights: 'int4' },
    { weights: 'uint4' },
    { weights: 'int4', activations: 'int8' },
    { weights: 'int4', granularity: 'perTensor' },
    { weights: 'int4', format: 'qoperator' },
    { weights: 'int4', integerOnly: true },
  ] as const)('%j: integer kernels, 4 bits a weight in the file', async (options) => {
    const { model, report, quality } = await compared(options);
    const {
      QuantizeLinear: _,
      DequantizeLinear: __,
      Transpose: ___,
      Reshape: ____,
      Flatten: _____,
      ...rest
    } = await optimizedOps(model);
    expect(rest).toMatchObject({ QLinearConv: 1, QGemm: 1 });
    expect(Object.keys(rest).every((op) => /^(QLinear|QGemm|MatMulIntegerToFloat|Clip)/.test(op))).toBe(true);
    const elements = 864 + 24 * 768 + 384;
    expect(report.bytes.after).toBeLessThan(elements / 2 + 16 * (12 + 24 + 16) + 200);
    expect(report.layers[0]!.reason).toContain('weights stored in 4 bits');
    // Uniform weights over 15 levels: 23.5 dB a layer, three layers.
    expect(quality).toBeGreaterThan(16);
  });

  it('the native engine computes the same codes', async () => {
    const { model, after } = await compared({ weights: 'int4' });
    const session = await Session.open(model, { engine: 'native' });
    const { y } = await session.run({ x: noiseTensor(dims, 4) });
    await session.dispose();
    expect(sqnr(after, y!)).toBeGreaterThan(100);
  });
});

describe('16-bit activations', () => {
  it.each(
    (['uint16', 'int16'] as const).flatMap((activations) =>
      (['int8', 'uint8', 'int4'] as const).map((weights) => ({ activations, weights })),
    ),
  )('%j: runs, in float, and says so', async (options) => {
    const { model, report, quality } = await compared(options);
    expect(model.opset).toBe(21);
    expect(await optimizedOps(model)).toMatchObject({ Conv: 1, Gemm: 1, MatMul: 1 });
    expect(report.layers.find(({ op }) => op === 'Conv')).toMatchObject({
      action: 'weight-only',
      reason: expect.stringContaining('16-bit activations, computed in float') as string,
    });
    expect(report.warnings.join()).toContain('other providers');
    // 8-bit weights alone: 48 dB a layer.
    expect(quality).toBeGreaterThan(options.weights === 'int4' ? 16 : 40);
  });

  it('loses less than 8-bit activations', async () => {
    const [wide, narrow] = [await compared({ activations: 'uint16' }), await compared({})];
    expect(wide.quality).toBeGreaterThan(narrow.quality);
  });
});
