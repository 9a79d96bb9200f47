import { GraphBuilder } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import { PROVENANCE_KEY } from './finish-model.js';
import { quantize } from './quantize.js';
import { noise } from './testing/emit-static.js';

function linear(layers = 3) {
  const g = new GraphBuilder('g');
  let x = g.input('x', 'float32', ['n', 64]);
  for (let i = 0; i < layers; i++)
    x = g.op('MatMul', [x, g.weight(`w${i}`, [64, 64], noise(4096, i + 1))], {}, { name: `fc${i}` });
  return g.output(x, 'y').model();
}

test('provenance goes to metadata_props and survives the file', async () => {
  const { model } = await quantize(linear(), { preset: 'q8', seed: 7 });
  const read = parseModel(serializeModel(model));
  const provenance = JSON.parse(read.metadata.get(PROVENANCE_KEY)!) as Record<string, unknown>;
  expect(provenance).toMatchObject({ mode: 'dynamic', weights: 'int8', seed: 7 });
  expect(provenance).not.toHaveProperty('signal');
});

test('bytes are those of the constants, before and after', async () => {
  const { report } = await quantize(linear(1), { mode: 'dynamic' });
  expect(report.bytes).toEqual({
    before: 64 * 64 * 4,
    after: 64 * 64 + 64 * 5,
    ratio: (64 * 64 * 4) / (64 * 64 + 64 * 5),
  });
  expect(report.layers[0]!.bytes).toEqual({ before: 64 * 64 * 4, after: 64 * 64 + 64 * 5 });
});

test('progress counts the layers', async () => {
  const seen: string[] = [];
  await quantize(linear(), {
    mode: 'weight-only',
    onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done}/${total}`),
  });
  expect(seen).toEqual(['quantize 1/3', 'quantize 2/3', 'quantize 3/3']);
});

test('an abort rejects with its reason, at once or between layers', async () => {
  const reason = new Error('enough');
  await expect(quantize(linear(), { mode: 'dynamic', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const onProgress = () => controller.abort(reason);
  await expect(quantize(linear(), { mode: 'dynamic', signal: controller.signal, onProgress })).rejects.toBe(reason);
});

test('a weight that is not finite is refused, with the layer named', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  const data = noise(4096);
  data[5] = NaN;
  const model = g.output(g.op('MatMul', [x, g.weight('w', [64, 64], data)], {}, { name: 'fc' }), 'y').model();
  for (const mode of ['weight-only', 'dynamic'] as const) {
    const message = expect.stringMatching(/^layer fc: .*expected/) as string;
    await expect(quantize(model, { mode })).rejects.toMatchObject({ code: 'ERR_NOT_FINITE', message });
  }
});
