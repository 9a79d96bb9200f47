import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { errorOf } from '../testing/error-of.js';
import { read, save } from '../testing/in-memory.js';
import { chain, type Layer, modelError, TOLERANCE } from './testing/compare-layers.js';

const { layers } = tfl;
const FIRST = { dataFormat: 'channelsFirst' } as const;

describe('layers model: channels first, against TF.js', () => {
  test.each<[string, number[], () => Layer]>([
    ['conv2d', [3, 9, 7], () => layers.conv2d({ ...FIRST, filters: 4, kernelSize: 3, strides: 2, padding: 'same' })],
    ['conv2d with relu', [3, 9, 7], () => layers.conv2d({ ...FIRST, filters: 4, kernelSize: 2, activation: 'relu' })],
    ['conv3d', [2, 5, 4, 6], () => layers.conv3d({ ...FIRST, filters: 3, kernelSize: 2 })],
    ['depthwise', [3, 9, 7], () => layers.depthwiseConv2d({ ...FIRST, kernelSize: 3, depthMultiplier: 2 })],
    ['conv2dTranspose', [3, 5, 4], () => layers.conv2dTranspose({ ...FIRST, filters: 4, kernelSize: 3, strides: 2 })],
    ['maxPooling2d', [3, 9, 7], () => layers.maxPooling2d({ ...FIRST, poolSize: 2, padding: 'same' })],
    ['averagePooling2d', [3, 9, 7], () => layers.averagePooling2d({ ...FIRST, poolSize: [3, 2] })],
    ['maxPooling3d', [2, 5, 4, 6], () => layers.maxPooling3d({ ...FIRST, poolSize: 2 })],
    ['globalAveragePooling2d', [3, 9, 7], () => layers.globalAveragePooling2d(FIRST)],
    ['globalMaxPooling2d', [3, 9, 7], () => layers.globalMaxPooling2d(FIRST)],
    ['flatten', [3, 4, 5], () => layers.flatten(FIRST)],
    ['zeroPadding2d', [3, 4, 5], () => layers.zeroPadding2d({ ...FIRST, padding: 2 })],
    [
      'cropping2D',
      [3, 6, 5],
      () =>
        layers.cropping2D({
          ...FIRST,
          cropping: [
            [1, 0],
            [2, 1],
          ] as never,
        }),
    ],
    ['upSampling2d', [3, 4, 5], () => layers.upSampling2d({ ...FIRST, size: [2, 3] })],
  ])('%s', async (_, shape, make) => {
    const x = tf.randomNormal([2, ...shape], 0, 1, 'float32', 3);
    expect(await modelError(chain(shape, 'float32', make()), [x])).toBeLessThan(TOLERANCE);
  });

  test('between such layers there is no Transpose', async () => {
    const convolution = () => layers.conv2d({ ...FIRST, filters: 4, kernelSize: 3 });
    const model = chain([3, 9, 9], 'float32', convolution(), layers.maxPooling2d(FIRST as never), convolution());
    const nodes = [...read(await save(model)).graph.nodes()];
    expect(nodes.map(({ op }) => op)).toEqual(['Conv', 'MaxPool', 'Conv']);
  });

  test('what TF.js computes along another axis is refused', async () => {
    const softmax = chain(
      [3, 9, 7],
      'float32',
      layers.conv2d({ ...FIRST, filters: 4, kernelSize: 3, activation: 'softmax' }),
    );
    const saved = await save(softmax);
    expect(errorOf(() => read(saved)).message).toMatch(/activation: expected one per element/);
  });
});

describe('layers model: products of two inputs, against TF.js', () => {
  test.each<[string, number[], number[], number | [number, number], boolean]>([
    ['vectors', [5], [5], 1, false],
    ['vectors, from the end', [5], [5], -1, true],
    ['sequences', [4, 5], [6, 5], 2, false],
    ['sequences, over steps', [5, 4], [5, 6], 1, true],
    ['sequences, over different axes', [4, 5], [5, 6], [2, 1], false],
    ['sequences, over different axes, normalized', [5, 4], [6, 5], [1, 2], true],
    ['a sequence and a vector', [4, 5], [5], [2, 1], false],
    ['a vector and a sequence', [5], [5, 4], [1, 1], true],
  ])('%s', async (_, left, right, axes, normalize) => {
    const inputs = [left, right].map((shape) => tfl.input({ shape }));
    const outputs = layers.dot({ axes, normalize }).apply(inputs) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs, outputs });
    const feeds = [left, right].map((shape, i) => tf.randomNormal([3, ...shape], 0, 1, 'float32', i + 1));
    expect(await modelError(model, feeds)).toBeLessThan(TOLERANCE);
  });
});

describe('layers model: ConvLSTM2D, against TF.js', () => {
  test.each<[string, object]>([
    ['the last state', {}],
    ['whole sequences', { returnSequences: true, padding: 'same' }],
    ['backwards, with strides', { returnSequences: true, goBackwards: true, strides: 2 }],
    [
      'dilated, other activations, no bias',
      { dilationRate: 2, activation: 'relu', recurrentActivation: 'sigmoid', useBias: false },
    ],
  ])('%s', async (_, options) => {
    const layer = layers.convLstm2d({ filters: 2, kernelSize: 3, recurrentInitializer: 'glorotNormal', ...options });
    const x = tf.randomNormal([2, 4, 7, 6, 3], 0, 1, 'float32', 3);
    expect(await modelError(chain([4, 7, 6, 3], 'float32', layer), [x])).toBeLessThan(TOLERANCE);
  });

  test('images channels first are refused', async () => {
    const options = { filters: 2, kernelSize: 3, recurrentInitializer: 'glorotNormal', ...FIRST } as const;
    const saved = await save(chain([4, 3, 7, 6], 'float32', layers.convLstm2d(options)));
    expect(errorOf(() => read(saved)).message).toMatch(/data_format: expected channels_last/);
  });
});
