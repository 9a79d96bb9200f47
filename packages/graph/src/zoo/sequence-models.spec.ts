import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { evaluate } from '../eval/index.js';
import { inferTypes } from '../inference/index.js';
import { checkGraph } from '../ir/check.js';
import type { Model } from '../ir/model.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { serializeModel } from '../onnx/index.js';
import { encoderDecoder, generator, tagger, uNet, wav2Vec2 } from './index.js';

type Feeds = Record<string, Tensor>;

async function runOrt(model: Model, feeds: Feeds): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(serializeModel(model), { logSeverityLevel: 3 });
  const inputs = Object.entries(feeds).map(([name, tensor]) => {
    const data = tensor.dtype === 'int64' ? BigInt64Array.from(tensor.toIntegers(), BigInt) : tensor.toFloat32();
    return [name, new OrtTensor(tensor.dtype as 'float32', data as Float32Array, tensor.dims)] as const;
  });
  const results = await session.run(Object.fromEntries(inputs));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, Tensor.of('float32', dims, data as Float32Array)]),
  );
}

const floats = (dims: readonly number[]) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(i * 1.7)),
  );
const ids = (...tokens: number[]) => Tensor.fromNumbers('int64', [1, tokens.length], tokens);

const MODELS: [string, () => Model, Feeds, readonly number[]][] = [
  ['U-Net', () => uNet({ channels: 4, depth: 2 }), { input: floats([2, 3, 16, 24]) }, [2, 2, 16, 24]],
  ['generator', () => generator({ latent: 10, channels: 4 }), { latent: floats([2, 10]) }, [2, 3, 64, 64]],
  [
    'LSTM tagger',
    () => tagger({ vocabulary: 50, width: 12, hidden: 8, tags: 5 }),
    { tokens: Tensor.fromNumbers('int64', [3, 2], [1, 2, 3, 4, 5, 49]) },
    [3, 2, 5],
  ],
  [
    'GRU tagger',
    () => tagger({ cell: 'GRU', vocabulary: 50, width: 12, hidden: 8, tags: 5 }),
    { tokens: Tensor.fromNumbers('int64', [3, 2], [1, 2, 3, 4, 5, 49]) },
    [3, 2, 5],
  ],
  [
    'wav2vec2',
    () => wav2Vec2({ channels: 8, layers: 2, width: 32, heads: 4 }),
    { samples: floats([1, 1600]) },
    [1, 4, 32],
  ],
];

test.each(MODELS)('%s: sound, inferred and evaluated as ONNX Runtime does', async (_, build, feeds, dims) => {
  const model = build();
  checkGraph(model.graph);
  const [name] = model.graph.outputs.map((output) => output.name);
  const expected = (await runOrt(model, feeds))[name!]!;
  expect(expected.dims).toEqual(dims);
  const actual = evaluate(model, feeds)[name!]!;
  expect(actual.dims).toEqual(dims);
  const [a, b] = [actual.toFloat32(), expected.toFloat32()];
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-4);
  const inputs = Object.fromEntries(Object.entries(feeds).map(([key, t]) => [key, tensorType(t.dtype, t.dims)]));
  expect(inferTypes(model, { inputs }).shapeOf(model.graph.value(name!)!)).toEqual(dims);
});

test('sizes of the defaults', () => {
  const parameters = (model: Model) =>
    [...model.graph.initializers()]
      .filter(({ name }) => !/constant|running_/.test(name))
      .reduce((sum, value) => sum + value.initializer!.length, 0);
  expect(parameters(tagger())).toBe(10_000 * 128 + 2 * 4 * 128 * (128 + 128 + 2) + 256 * 17 + 17);
  // 512 channels, 7 convolutions, projection, positions, 12 layers of width 768, head of 32.
  expect(parameters(wav2Vec2()) / 1e6).toBeCloseTo(94.4, 1);
  expect(parameters(uNet()) / 1e6).toBeCloseTo(7.8, 1);
});

test('a decoder that remembers says what one that sees all tokens at once says', async () => {
  const { encoder, decoder } = encoderDecoder({ layers: 2, width: 32, heads: 4, vocabulary: 60, context: 16 });
  checkGraph(encoder.graph);
  checkGraph(decoder.graph);
  const { hidden } = await runOrt(encoder, { input_ids: ids(5, 6, 7) });
  expect(decoder.graph.state).toHaveLength(4);
  const initial = Object.fromEntries(decoder.graph.state.map(({ input, init }) => [input.name, init!]));
  const first = await runOrt(decoder, { tokens: ids(1), hidden: hidden!, ...initial });
  const carried = Object.fromEntries(decoder.graph.state.map(({ input, output }) => [input.name, first[output.name]!]));
  const second = await runOrt(decoder, { tokens: ids(2), hidden: hidden!, ...carried });
  const whole = await runOrt(decoder, { tokens: ids(1, 2), hidden: hidden!, ...initial });
  const steps = [...first['logits']!.toFloat32(), ...second['logits']!.toFloat32()];
  whole['logits']!.toFloat32().forEach((x, i) => expect(x).toBeCloseTo(steps[i]!, 4));
  expect(second['present.1.key']!.dims).toEqual([1, 4, 2, 8]);
});
