import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { errorOf } from '../testing/error-of.js';
import { read, save } from '../testing/in-memory.js';
import { chain, type Layer, modelError, TOLERANCE } from './testing/compare-layers.js';

const { layers } = tfl;
const STATE = { recurrentInitializer: 'glorotNormal', units: 4 } as const;

/** Sentences: words at the front, in the middle, with gaps, none at all, all. */
const WORDS = tf.tensor2d(
  [
    [3, 1, 2, 0, 0, 0],
    [0, 0, 4, 1, 0, 0],
    [0, 2, 0, 0, 3, 1],
    [0, 0, 0, 0, 0, 0],
    [1, 2, 3, 4, 1, 2],
  ],
  [5, 6],
  'int32',
);
/** The same as vectors; steps of -1 alone are padding, a step that has other numbers too is none. */
const VECTORS = tf.where(
  tf.tile(tf.expandDims(tf.greater(WORDS, tf.scalar(0, 'int32')), 2), [1, 1, 3]),
  tf.randomNormal([5, 6, 3], 0, 1, 'float32', 1),
  tf.fill([5, 6, 3], -1),
);

const embedding = () => layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true });
const masking = () => layers.masking({ maskValue: -1 });

describe('layers model: masks, against TF.js', () => {
  test.each<[string, () => Layer]>([
    ['lstm', () => layers.lstm(STATE)],
    ['lstm, whole sequences', () => layers.lstm({ ...STATE, returnSequences: true })],
    ['lstm backwards', () => layers.lstm({ ...STATE, goBackwards: true })],
    ['lstm backwards, whole sequences', () => layers.lstm({ ...STATE, goBackwards: true, returnSequences: true })],
    ['gru', () => layers.gru({ ...STATE, returnSequences: true })],
    ['simpleRNN', () => layers.simpleRNN(STATE)],
    ['bidirectional lstm', () => layers.bidirectional({ layer: layers.lstm(STATE), mergeMode: 'concat' })],
    [
      'bidirectional gru, whole sequences',
      () => layers.bidirectional({ layer: layers.gru({ ...STATE, returnSequences: true }), mergeMode: 'sum' }),
    ],
  ])('%s leaves masked steps out', async (_, make) => {
    expect(await modelError(chain([6], 'int32', embedding(), make()), [WORDS])).toBeLessThan(TOLERANCE);
    expect(await modelError(chain([6, 3], 'float32', masking(), make()), [VECTORS])).toBeLessThan(TOLERANCE);
  });

  test('a mask passes through layers that know masks, and recurrent layers that give sequences', async () => {
    const model = chain(
      [6],
      'int32',
      embedding(),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 5, activation: 'relu' }),
      layers.layerNormalization({}),
      layers.lstm({ ...STATE, returnSequences: true }),
      layers.activation({ activation: 'tanh' }),
      layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
      layers.gru(STATE),
    );
    expect(await modelError(model, [WORDS])).toBeLessThan(TOLERANCE);
  });

  test('a mask ends at layers that do not know masks', async () => {
    const model = chain(
      [6, 3],
      'float32',
      masking(),
      layers.dense({ units: 2 }),
      layers.flatten(),
      layers.dense({ units: 2 }),
    );
    expect(await modelError(model, [VECTORS])).toBeLessThan(TOLERANCE);
  });

  test.each<[string, () => tfl.LayersModel, RegExp]>([
    [
      'a recurrent layer without a mask, which TF.js gives the mask of another',
      () => chain([6], 'int32', embedding(), layers.lstm(STATE), layers.repeatVector({ n: 6 }), layers.lstm(STATE)),
      /LSTM mask: expected none in the model .* received that of embedding/,
    ],
    [
      'a merge of masked operands',
      () => {
        const input = tfl.input({ shape: [6, 3] });
        const masked = masking().apply(input) as tfl.SymbolicTensor;
        return tfl.model({ inputs: input, outputs: layers.add({}).apply([masked, masked]) as tfl.SymbolicTensor });
      },
      /Add input: expected one without a mask/,
    ],
    [
      'a nested model beside a mask',
      () =>
        chain(
          [6, 3],
          'float32',
          masking(),
          tfl.sequential({ layers: [layers.dense({ units: 2, inputShape: [6, 3] })] }) as unknown as Layer,
        ),
      /Sequential mask: expected none/,
    ],
  ])('refuses %s', async (_, make, message) => {
    const saved = await save(make());
    const error = errorOf(() => read(saved));
    expect(error.code).toBe('ERR_TFJS_NODE');
    expect(error.message).toMatch(message);
  });
});
