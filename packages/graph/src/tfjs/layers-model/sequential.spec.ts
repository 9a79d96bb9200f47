import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { checkGraph } from '../../ir/check.js';
import { maxAbsError, read, run, save } from '../testing/in-memory.js';

describe('layers model: Sequential', () => {
  test('a small convolutional network agrees with TF.js', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.conv2d({
          inputShape: [13, 11, 3],
          filters: 8,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          activation: 'relu',
        }),
        tfl.layers.maxPooling2d({ poolSize: 2, padding: 'same' }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 5, activation: 'softmax' }),
      ],
    });
    const x = tf.randomNormal([2, 13, 11, 3], 0, 1, 'float32', 7);
    const expected = model.predict(x) as tf.Tensor;
    const imported = read(await save(model));
    checkGraph(imported.graph);
    const input = imported.graph.inputs[0]!;
    const outputs = run(imported, { [input.name]: x });
    expect(maxAbsError(Object.values(outputs)[0]!, expected)).toBeLessThan(1e-6);
  });
});
