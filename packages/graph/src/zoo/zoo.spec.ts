import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { checkGraph } from '../ir/check.js';
import type { Model } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { serializeModel } from '../onnx/index.js';
import { bert, leNet300100, leNet5, mobileNetV2, resNet20, resNet50, tinyLm } from './index.js';

const smallBert = () => bert({ layers: 2, width: 64, heads: 4, vocabulary: 100, context: 16 });
const MODELS: [string, () => Model, number, readonly number[], readonly number[]][] = [
  // name, builder, trained parameters (weights and biases; statistics and masks not counted), input dims, output dims
  ['LeNet-5', leNet5, 431_080, [2, 1, 28, 28], [2, 10]],
  ['LeNet-300-100', leNet300100, 266_610, [2, 1, 28, 28], [2, 10]],
  ['ResNet-20', resNet20, 272_186, [2, 1, 28, 28], [2, 10]],
  ['ResNet-50 with BN', () => resNet50({ batchNorm: true }), 25_557_032, [1, 3, 224, 224], [1, 1000]],
  ['MobileNetV2 with BN', () => mobileNetV2({ batchNorm: true }), 3_504_872, [1, 3, 224, 224], [1, 1000]],
  ['tiny LM', tinyLm, 2_001_024, [2, 128], [2, 128, 512]],
  ['small BERT', smallBert, 100 * 64 + 16 * 64 + 64 + 2 * 64 + 2 * (12 * 64 * 64 + 13 * 64), [3, 16], [3, 16, 64]],
];

test.each(MODELS)(
  '%s: parameters, a sound graph, and outputs in ONNX Runtime',
  async (_, build, count, dims, expected) => {
    const model = build();
    checkGraph(model.graph);
    const isTrained = (name: string) => !/running_|constant|mask/.test(name);
    const parameters = [...model.graph.initializers()].filter((value) => isTrained(value.name));
    expect(parameters.reduce((sum, value) => sum + value.initializer!.length, 0)).toBe(count);
    const session = await InferenceSession.create(serializeModel(model));
    const length = elementCount(dims);
    const isTokens = session.inputNames[0] !== 'input';
    const feed = isTokens
      ? new OrtTensor('int64', new BigInt64Array(length).fill(7n), dims)
      : new OrtTensor(
          'float32',
          Float32Array.from({ length }, (_unused, i) => Math.sin(i)),
          dims,
        );
    const [output] = Object.values(await session.run({ [session.inputNames[0]!]: feed }));
    expect(output!.dims).toEqual(expected);
    expect((output!.data as Float32Array).every(Number.isFinite)).toBe(true);
    await session.release();
  },
);

test('the same seed gives the same bytes, another seed others', () => {
  const bytes = (seed: number) => Buffer.from(serializeModel(leNet5(seed)));
  expect(bytes(3).equals(bytes(3))).toBe(true);
  expect(bytes(3).equals(bytes(4))).toBe(false);
});
