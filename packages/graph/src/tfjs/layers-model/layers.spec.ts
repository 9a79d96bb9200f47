import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { supportedLayers } from './registry.js';
import { maxAbsError, read, runEverywhere, save } from '../testing/in-memory.js';
import { type Layer, modelError, randomize, TOLERANCE } from './testing/compare-layers.js';

const { layers } = tfl;
/** Classes that specs of their own compare. */
const ELSEWHERE = ['ConvLSTM2D', 'Dot', 'Masking'];

/** Classes of the layers compared so far. */
const covered = new Set<string>();

async function errorOf(model: tfl.LayersModel, inputs: tf.Tensor[]): Promise<number> {
  for (const layer of model.layers) covered.add(layer.getClassName());
  covered.add(model.getClassName());
  return modelError(model, inputs);
}

/** A layer between an input of `shape` and the output. */
async function layerError(shape: number[], make: () => Layer, dtype: 'float32' | 'int32' = 'float32'): Promise<number> {
  const input = tfl.input({ shape, dtype });
  const model = tfl.model({ inputs: input, outputs: make().apply(input) as tfl.SymbolicTensor });
  const x =
    dtype === 'int32'
      ? tf.randomUniformInt([2, ...shape], 0, 5, 3)
      : tf.randomNormal([2, ...shape], 0, 1, 'float32', 3);
  return errorOf(model, [x]);
}

/** TF.js's default initializer of recurrent kernels needs its chained operations, which nothing here loads. */
const STATE = { recurrentInitializer: 'glorotNormal' } as const;

const IMAGE = [9, 7, 3];

describe('layers model: one layer at a time, against TF.js', () => {
  test.each<[string, (number | null)[], () => Layer]>([
    ['conv2d valid', IMAGE, () => layers.conv2d({ filters: 4, kernelSize: [3, 2] })],
    ['conv2d same, stride 2', IMAGE, () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })],
    ['conv2d dilated', IMAGE, () => layers.conv2d({ filters: 4, kernelSize: 2, dilationRate: [2, 3] })],
    ['conv2d without bias', IMAGE, () => layers.conv2d({ filters: 4, kernelSize: 1, useBias: false })],
    [
      'conv2d of unknown size',
      [null, null, 3],
      () => layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }),
    ],
    ['conv1d same', [10, 3], () => layers.conv1d({ filters: 4, kernelSize: 4, strides: 3, padding: 'same' })],
    ['conv3d', [5, 4, 6, 2], () => layers.conv3d({ filters: 3, kernelSize: 2, strides: 2, padding: 'same' })],
    ['depthwise', IMAGE, () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })],
    ['separable', IMAGE, () => layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' })],
    [
      'conv2dTranspose same',
      IMAGE,
      () => layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
    ],
    ['conv2dTranspose valid', IMAGE, () => layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 3 })],
    ['maxPooling2d', IMAGE, () => layers.maxPooling2d({ poolSize: [3, 2], strides: 2, padding: 'same' })],
    ['averagePooling2d same', IMAGE, () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })],
    ['maxPooling1d', [10, 3], () => layers.maxPooling1d({ poolSize: 3 })],
    ['averagePooling1d', [10, 3], () => layers.averagePooling1d({ poolSize: 3, padding: 'same' })],
    ['globalAveragePooling2d', IMAGE, () => layers.globalAveragePooling2d({})],
    ['globalMaxPooling2d', IMAGE, () => layers.globalMaxPooling2d({})],
    ['globalAveragePooling1d', [10, 3], () => layers.globalAveragePooling1d()],
    ['globalMaxPooling1d', [10, 3], () => layers.globalMaxPooling1d()],
    ['batchNormalization', IMAGE, () => layers.batchNormalization({})],
    ['batchNormalization of a matrix, no scale', [5], () => layers.batchNormalization({ scale: false, center: false })],
    ['layerNormalization', [6, 5], () => layers.layerNormalization({})],
    ['layerNormalization, two axes', [6, 5], () => layers.layerNormalization({ axis: [1, 2] })],
    ['dense of a sequence', [4, 3], () => layers.dense({ units: 5, activation: 'tanh' })],
    ['leakyReLU', [6], () => layers.leakyReLU({ alpha: 1 })],
    ['elu', [6], () => layers.elu({})],
    ['prelu', IMAGE, () => layers.prelu({})],
    ['thresholdedReLU', [6], () => layers.thresholdedReLU({ theta: 0.3 })],
    ['reLU max', [6], () => layers.reLU({ maxValue: 0.5 })],
    ['softmax layer', [3, 6], () => layers.softmax({ axis: 2 })],
    ['flatten', IMAGE, () => layers.flatten()],
    ['reshape', IMAGE, () => layers.reshape({ targetShape: [7, -1] })],
    ['permute', IMAGE, () => layers.permute({ dims: [3, 1, 2] })],
    ['repeatVector', [6], () => layers.repeatVector({ n: 3 })],
    [
      'zeroPadding2d',
      IMAGE,
      () =>
        layers.zeroPadding2d({
          padding: [
            [1, 0],
            [2, 3],
          ],
        }),
    ],
    [
      'cropping2D',
      IMAGE,
      () =>
        layers.cropping2D({
          cropping: [
            [1, 0],
            [2, 1],
          ],
        }),
    ],
    ['upSampling2d', IMAGE, () => layers.upSampling2d({ size: [2, 3] })],
    ['upSampling2d bilinear', IMAGE, () => layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })],
    ['maxPooling3d', [4, 5, 6, 2], () => layers.maxPooling3d({ poolSize: 2, padding: 'same' })],
    ['averagePooling3d', [4, 5, 6, 2], () => layers.averagePooling3d({ poolSize: [2, 1, 3] })],
    ['rescaling', IMAGE, () => layers.rescaling({ scale: 1 / 127.5, offset: -1 })],
    ['spatialDropout1d', [6, 3], () => layers.spatialDropout1d({ rate: 0.5 })],
    ['alphaDropout', [6], () => layers.alphaDropout({ rate: 0.5 })],
    ['gaussianNoise', [6], () => layers.gaussianNoise({ stddev: 1 })],
    ['gaussianDropout', [6], () => layers.gaussianDropout({ rate: 0.5 })],
    ['dropout', [6], () => layers.dropout({ rate: 0.5 })],
    ['lstm', [5, 3], () => layers.lstm({ ...STATE, units: 4 })],
    [
      'lstm sequences, sigmoid',
      [5, 3],
      () => layers.lstm({ ...STATE, units: 4, returnSequences: true, recurrentActivation: 'sigmoid' }),
    ],
    ['lstm backwards', [5, 3], () => layers.lstm({ ...STATE, units: 4, returnSequences: true, goBackwards: true })],
    ['gru', [5, 3], () => layers.gru({ ...STATE, units: 4, returnSequences: true })],
    ['gru relu without bias', [5, 3], () => layers.gru({ ...STATE, units: 4, activation: 'relu', useBias: false })],
    ['simpleRNN', [5, 3], () => layers.simpleRNN({ ...STATE, units: 4, goBackwards: true })],
    [
      'bidirectional lstm',
      [5, 3],
      () =>
        layers.bidirectional({
          layer: layers.lstm({ ...STATE, units: 4, returnSequences: true }),
          mergeMode: 'concat',
        }),
    ],
    [
      'bidirectional gru, ave',
      [5, 3],
      () => layers.bidirectional({ layer: layers.gru({ ...STATE, units: 4 }), mergeMode: 'ave' }),
    ],
    ['timeDistributed dense', [5, 3], () => layers.timeDistributed({ layer: layers.dense({ units: 4 }) })],
    [
      'timeDistributed conv',
      [2, 6, 5, 3],
      () => layers.timeDistributed({ layer: layers.conv2d({ filters: 4, kernelSize: 3 }) }),
    ],
  ])('%s', async (_, shape, make) => {
    const concrete = shape.map((dim) => dim ?? 6);
    const input = tfl.input({ shape });
    const model = tfl.model({ inputs: input, outputs: make().apply(input) as tfl.SymbolicTensor });
    const x = tf.randomNormal([2, ...concrete], 0, 1, 'float32', 3);
    expect(await errorOf(model, [x])).toBeLessThan(TOLERANCE);
  });

  test.each([
    'linear',
    'relu',
    'relu6',
    'elu',
    'selu',
    'sigmoid',
    'hardSigmoid',
    'softplus',
    'softsign',
    'tanh',
    'swish',
    'mish',
    'gelu',
    'gelu_new',
    'softmax',
    'logSoftmax',
  ] as const)('activation %s', async (activation) => {
    expect(await layerError([4, 6], () => layers.activation({ activation: activation as 'relu' }))).toBeLessThan(
      TOLERANCE,
    );
  });

  test('embedding takes integers', async () => {
    expect(await layerError([4], () => layers.embedding({ inputDim: 5, outputDim: 3 }), 'int32')).toBe(0);
  });

  test.each(['add', 'multiply', 'maximum', 'minimum', 'average', 'concatenate'] as const)(
    '%s of two branches',
    async (name) => {
      const input = tfl.input({ shape: IMAGE });
      const branch = () =>
        layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(input) as tfl.SymbolicTensor;
      const outputs = layers[name]({}).apply([branch(), branch()]) as tfl.SymbolicTensor;
      const x = tf.randomNormal([2, ...IMAGE], 0, 1, 'float32', 3);
      expect(await errorOf(tfl.model({ inputs: input, outputs }), [x])).toBeLessThan(TOLERANCE);
    },
  );
});

describe('layers model: networks', () => {
  test('two inputs, two outputs, a shared layer whose weight stays one', async () => {
    const a = tfl.input({ shape: [6], name: 'left' });
    const b = tfl.input({ shape: [6], name: 'right' });
    const shared = layers.dense({ units: 4, activation: 'relu', name: 'shared' });
    const sum = layers.add({ name: 'sum' }).apply([shared.apply(a), shared.apply(b)] as tfl.SymbolicTensor[]);
    const head = layers.dense({ units: 2, name: 'head' }).apply(sum) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: [a, b], outputs: [head, sum as tfl.SymbolicTensor] });
    const feeds = [tf.randomNormal([3, 6], 0, 1, 'float32', 1), tf.randomNormal([3, 6], 0, 1, 'float32', 2)];
    expect(await errorOf(model, feeds)).toBeLessThan(TOLERANCE);
    const { graph } = read(await save(model));
    expect(graph.outputs.map(({ name }) => name)).toEqual(['head', 'sum']);
    expect(graph.value('shared/kernel')?.uses).toHaveLength(2);
  });

  test('a network within a network', async () => {
    const inner = tfl.sequential({
      name: 'inner',
      layers: [layers.conv2d({ inputShape: IMAGE, filters: 4, kernelSize: 3, name: 'c' })],
    });
    const input = tfl.input({ shape: IMAGE });
    const outputs = layers
      .globalAveragePooling2d({})
      .apply(inner.apply(input) as tfl.SymbolicTensor) as tfl.SymbolicTensor;
    const x = tf.randomNormal([2, ...IMAGE], 0, 1, 'float32', 3);
    expect(await errorOf(tfl.model({ inputs: input, outputs }), [x])).toBeLessThan(TOLERANCE);
  });

  test('names and configuration as Keras in Python writes them', async () => {
    const model = tfl.sequential({
      layers: [
        layers.conv2d({ inputShape: IMAGE, filters: 4, kernelSize: 3, name: 'conv' }),
        layers.reshape({ targetShape: [35, 4] }),
        layers.bidirectional({
          layer: layers.lstm({ ...STATE, units: 3, name: 'cell' }),
          mergeMode: 'sum',
          name: 'both',
        }),
        layers.dense({ units: 2, name: 'conv_1' }),
      ],
    });
    randomize(model);
    const saved = await save(model);
    const text = JSON.stringify(saved.json)
      .replaceAll('"conv/', '"outer/conv/')
      .replaceAll('/kernel"', '/kernel_7:0"')
      .replaceAll('forward_cell/', 'both/forward_cell/lstm_cell_3/');
    const json = JSON.parse(text) as typeof saved.json;
    const renamed = { ...saved, json: { ...json, modelTopology: { model_config: json['modelTopology'] } } };
    const x = tf.randomNormal([2, ...IMAGE], 0, 1, 'float32', 3);
    const imported = read(renamed);
    const { evaluator } = await runEverywhere(imported, { [imported.graph.inputs[0]!.name]: x });
    expect(maxAbsError(evaluator['conv_1']!, model.predict(x) as tf.Tensor)).toBeLessThan(TOLERANCE);
  });

  test('a residual network has transposes at its ends only', async () => {
    const input = tfl.input({ shape: IMAGE });
    let x = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(input) as tfl.SymbolicTensor;
    for (let i = 0; i < 3; i++) {
      const y = layers
        .batchNormalization({})
        .apply(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x));
      x = layers
        .activation({ activation: 'relu' })
        .apply(layers.add({}).apply([x, y as tfl.SymbolicTensor])) as tfl.SymbolicTensor;
    }
    const model = tfl.model({ inputs: input, outputs: x });
    expect(await errorOf(model, [tf.randomNormal([2, ...IMAGE], 0, 1, 'float32', 3)])).toBeLessThan(TOLERANCE);
    const nodes = [...read(await save(model)).graph.nodes()];
    expect(nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(2);
  });

  test('every supported layer is among the cases', () => {
    // The name that Python's Keras has for what TF.js calls Model.
    const known = [...covered, ...ELSEWHERE, 'Functional'];
    expect(supportedLayers().filter((name) => !known.includes(name))).toEqual([]);
  });
});
