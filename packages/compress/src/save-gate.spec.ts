import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { dataFromArrays, type Verification } from '@gossamer/runtime';
import { fileBytes } from './file-bytes.js';
import { gateWarnings } from './gate-warnings.js';
import { inspect } from './inspect.js';
import { loadModel, OnnxModel } from './onnx-model.js';
import { optimize } from './optimize.js';
import { quantize, type QuantizeOptions } from './quantize.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-compress-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Two products; with `outlier`, one of 64 values between them is 10^5 times the others, which 8 bits a tensor cannot hold. */
function model(outlier = 1) {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  const wide = noise(4096, 2).map((v, i) => (i % 64 === 0 ? v * outlier : v));
  const h = g.op('MatMul', [x, g.weight('a', [64, 64], wide)], {}, { name: 'first' });
  const last = noise(2048, 3).fill(0, 0, 32);
  return g.output(g.op('MatMul', [h, g.weight('b', [64, 32], last)], {}, { name: 'last' }), 'y').model();
}

const data = dataFromArrays({ x: Tensor.of('float32', [16, 64], noise(1024, 5)) });

async function proved(outlier: number, options: QuantizeOptions) {
  const path = join(folder, 'model.onnx');
  await saveModel(model(outlier), path);
  const result = await quantize(await loadModel(path), options);
  return result.model.save(join(folder, 'small.onnx'));
}

test('a model that lost a lot is written with a warning that says what to do', async () => {
  const verification = await proved(1e5, { mode: 'dynamic' });
  expect(verification!.sqnrDb).toBeLessThan(20);
  expect(verification!.warnings).toEqual([
    expect.stringMatching(/^outputs are -?[\d.]+ dB from the input model's, under 20 dB, on random inputs.*keepFloat/),
  ]);
  expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'small.onnx']);
});

test('a model that lost little is written without one, and all its kernels are fused', async () => {
  const verification = await proved(1, { mode: 'dynamic' });
  expect(verification!.sqnrDb).toBeGreaterThan(25);
  expect(verification).not.toHaveProperty('warnings');
});

test('calibrated ranges are judged on data: random inputs leave them, and the warning says so', async () => {
  const verification = await proved(1e5, { mode: 'static', data, costModel: false });
  expect(verification!.warnings).toEqual([expect.stringMatching(/leave the calibrated ranges: give the gate data$/)]);
  const model = new OnnxModel((await loadModel(join(folder, 'small.onnx'))).ir);
  expect(gateWarnings(model, verification!, true)).toEqual([expect.stringMatching(/under 20 dB; keep what loses/)]);
});

test('layers planned for integers that ONNX Runtime left in float are counted', () => {
  const proof: Verification = {
    level: 'load',
    loads: true,
    fusedKernels: { QLinearConv: 2 },
    floatKernels: {},
    seconds: 0,
    peakRssMb: 0,
  };
  const planned = new OnnxModel(model(), undefined, { integerProducts: 5, isCalibrated: true });
  expect(gateWarnings(planned, proof, true)).toEqual([expect.stringMatching(/^3 of the 5 layers/)]);
});

test('sizes hold the data files of a model', async () => {
  const path = join(folder, 'model.onnx');
  await saveModel(model(), path, { externalData: 'always' });
  const weights = (4096 + 2048) * 4;
  const read = await loadModel(path);
  expect(fileBytes(read)).toBeGreaterThan(weights);
  expect((await inspect(read)).fileBytes).toBe(fileBytes(read));
});

test('a copy keeps the names of data files: its own are shared, those of others replaced with force only', async () => {
  const path = join(folder, 'model.onnx');
  await saveModel(model(), path, { externalData: 'always' });
  const [data] = readdirSync(folder).filter((name) => name !== 'model.onnx') as [string];
  const weights = readFileSync(join(folder, data));
  const source = await loadModel(path);
  const copy = new OnnxModel(source.ir.clone(), source);
  await copy.save(join(folder, 'copy.onnx'));
  expect(readFileSync(join(folder, data)).equals(weights)).toBe(true);
  expect(readFileSync(join(folder, 'copy.onnx')).equals(readFileSync(path))).toBe(true);

  mkdirSync(join(folder, 'there'));
  writeFileSync(join(folder, 'there', data), 'precious');
  const target = join(folder, 'there', 'model.onnx');
  await expect(copy.save(target)).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
  expect(readFileSync(join(folder, 'there', data), 'utf8')).toBe('precious');
  expect(readdirSync(join(folder, 'there'))).toEqual([data]);
  await copy.save(target, { force: true });
  expect(readFileSync(join(folder, 'there', data)).equals(weights)).toBe(true);
});

test.each([
  ['an empty file', new Uint8Array()],
  ['a text', new TextEncoder().encode('# not a model')],
])('%s is refused by name', async (_, bytes) => {
  const path = join(folder, 'text.onnx');
  writeFileSync(path, bytes);
  const message = expect.stringContaining(`${path}: expected an ONNX model, received`) as string;
  await expect(loadModel(path)).rejects.toMatchObject({ message });
});

test('a size for a symbol that the model does not have is refused', async () => {
  const found = await inspect(new OnnxModel(model()), { bind: { n: 2 } });
  expect(found.macs).toBe(2 * (4096 + 2048));
  const message = 'bind: expected one of the symbols n, received batch';
  await expect(inspect(new OnnxModel(model()), { bind: { batch: 2 } })).rejects.toMatchObject({ message });
});

test('a model that ONNX Runtime refuses as it comes is called that, not a fault of the result', async () => {
  const g = new GraphBuilder('refused', { opset: 13 });
  const flags = g.op('Not', [g.input('x', 'bool', [4])]);
  const path = join(folder, 'refused.onnx');
  await saveModel(g.output(g.op('CumSum', [flags, g.constant(0)]), 'y').model(), path);
  const { model: same } = await optimize(await loadModel(path));
  await expect(same.save(join(folder, 'out.onnx'))).rejects.toMatchObject({
    code: 'ERR_ORT_LOAD',
    message: expect.stringMatching(/^input: expected a model ONNX Runtime opens.*CumSum/),
  });
  expect(readdirSync(folder)).toEqual(['refused.onnx']);
});

test('a path that ends in .gsm: proved as ONNX, encoded, nothing else left; data files go into it', async () => {
  const path = join(folder, 'model.onnx');
  await saveModel(model(), path);
  const source = await loadModel(path);
  for (const externalData of ['never', 'always'] as const) {
    const { model: codes } = await quantize(source, { mode: 'dynamic' });
    const gsm = join(folder, `${externalData}.gsm`);
    const stages = new Set<string>();
    const verification = await codes.save(gsm, { externalData, onProgress: ({ stage }) => stages.add(stage) });
    expect([...stages]).toEqual(['write', 'verify', 'encode']);
    expect(verification).toMatchObject({ loads: true, fusedKernels: expect.any(Object) as object });
    const plain = join(folder, 'plain.onnx');
    await codes.save(plain, { verify: 'none', force: true });
    const back = new OnnxModel((await loadModel(gsm)).ir);
    const bytes = async (from: OnnxModel) => (await inspect(from)).bytes;
    expect(await bytes(back)).toEqual(await bytes(await loadModel(plain)));
    await expect(codes.save(gsm)).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
  }
  expect(readdirSync(folder).sort()).toEqual(['always.gsm', 'model.onnx', 'never.gsm', 'plain.onnx']);
  const stop = new AbortController();
  const onProgress = ({ stage }: { stage: string }) => stage === 'encode' && stop.abort(new Error('stopped'));
  const { model: codes } = await quantize(source, { mode: 'dynamic' });
  await expect(codes.save(join(folder, 'c.gsm'), { signal: stop.signal, onProgress })).rejects.toThrow('stopped');
  expect(readdirSync(folder)).toHaveLength(4);
});
