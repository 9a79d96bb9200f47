import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tfl from '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { isGossamerError } from '../errors.js';
import { mutateJson } from '../hostile/testing/mutate-json.js';
import { randomBelow } from '../hostile/testing/random.js';
import { checkGraph } from '../ir/check.js';
import { useTempDir } from '../testing/temp-dir.js';
import { quantizeTfjsModel } from './quantize-model.js';
import { GraphDefBuilder } from './testing/graph-def.js';
import { read, type SavedModel, save } from './testing/in-memory.js';

function graphModel(): SavedModel {
  const g = new GraphDefBuilder();
  const x = g.placeholder('x', 'DT_FLOAT', [-1, 8, 8, 4]);
  const window = { strides: [1, 2, 2, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' };
  const filter = g.constant(tf.ones([3, 3, 4, 4]));
  let y = g.node('_FusedConv2D', [x, filter, g.constant(tf.ones([4]))], {
    ...window,
    fused_ops: ['BiasAdd', 'Relu'],
    num_args: 1,
  });
  y = g.node('MaxPool', [y], { ksize: [1, 2, 2, 1], ...window });
  y = g.node('Pad', [
    y,
    g.constant(
      tf.tensor2d(
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        [4, 2],
        'int32',
      ),
    ),
  ]);
  y = g.node('ResizeBilinear', [y, g.ints([6, 6])], { half_pixel_centers: true });
  y = g.node('StridedSlice', [y, g.ints([0, 1]), g.ints([0, 3]), g.ints([1, 1])], { begin_mask: 1, end_mask: 1 });
  y = g.node('ConcatV2', [y, y, g.ints(3)], { N: 2 });
  y = g.node('Mean', [y, g.ints([1, 2])], { keep_dims: false });
  const parts = g.node('Unpack', [y], { axis: 1, num: 8 });
  y = g.node('Pack', [parts, `${parts}:1`], { axis: 1, N: 2 });
  y = g.node('Reshape', [y, g.node('Shape', [y])]);
  y = g.node('MatMul', [y, g.constant(tf.ones([2, 3]))], { transpose_a: false, transpose_b: false });
  return g.save([y, g.node('TopKV2', [y, g.ints(2)])]);
}

async function layersModel(): Promise<SavedModel> {
  const { layers } = tfl;
  const inner = tfl.sequential({ name: 'inner', layers: [layers.dense({ inputShape: [6], units: 4, name: 'd' })] });
  const input = tfl.input({ shape: [7, 5, 3] });
  let y = layers.conv2d({ filters: 3, kernelSize: 2, padding: 'same' }).apply(input);
  y = layers.add().apply([y, input] as tfl.SymbolicTensor[]);
  y = layers.batchNormalization().apply(layers.zeroPadding2d({ padding: 1 }).apply(y as tfl.SymbolicTensor));
  y = layers.reshape({ targetShape: [9, 21] }).apply(y as tfl.SymbolicTensor);
  const lstm = layers.lstm({ units: 3, recurrentInitializer: 'glorotNormal' });
  y = layers.bidirectional({ layer: lstm, mergeMode: 'concat' }).apply(y as tfl.SymbolicTensor);
  y = layers.layerNormalization().apply(inner.apply(y as tfl.SymbolicTensor) as tfl.SymbolicTensor);
  return save(tfl.model({ inputs: input, outputs: y as tfl.SymbolicTensor }));
}

/** Crops, spectra, counts, chosen boxes, an input with a default. */
function rarerOperators(): SavedModel {
  const g = new GraphDefBuilder();
  const x = g.placeholder('x', 'DT_FLOAT', [-1, 8, 8, 2]);
  const boxes = g.node('PlaceholderWithDefault', [g.constant(tf.ones([2, 4]))], {
    dtype: 'DT_FLOAT',
    shape: { shape: { dim: [{ size: '2' }, { size: '4' }] } },
  });
  let y = g.node('CropAndResize', [x, boxes, g.ints([0, 0]), g.ints([4, 6])], { method: 'bilinear' });
  const pads = g.constant(tf.tensor2d([0, 0, 1, 2, 0, 1, 0, 0], [4, 2], 'int32'));
  y = g.node('MirrorPad', [y, pads], { mode: 'SYMMETRIC' });
  const bins = g.node('RFFT', [y, g.ints([2])]);
  y = g.node('IRFFT', [bins, g.ints([2])]);
  const scores = g.constant(tf.ones([2]));
  const chosen = g.node('NonMaxSuppressionV4', [boxes, scores, g.ints(2), g.constant(tf.scalar(0.5))], {
    pad_to_max_output_size: true,
  });
  const counts = g.node('DenseBincount', [chosen, g.ints(4), g.constant(tf.ones([0]))], { binary_output: false });
  return g.save([y, g.node('ComplexAbs', [bins]), counts]);
}

function sequenceLayers(): Promise<SavedModel> {
  const { layers } = tfl;
  const recurrentInitializer = 'glorotNormal';
  const words = tfl.input({ shape: [5], dtype: 'int32' });
  let y = layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true }).apply(words) as tfl.SymbolicTensor;
  y = layers.dense({ units: 4 }).apply(y) as tfl.SymbolicTensor;
  y = layers.gru({ units: 2, recurrentInitializer, goBackwards: true }).apply(y) as tfl.SymbolicTensor;
  return save(tfl.model({ inputs: words, outputs: y }));
}

function filmLayers(): Promise<SavedModel> {
  const { layers } = tfl;
  const film = tfl.input({ shape: [3, 5, 4, 2] });
  const options = { filters: 2, kernelSize: 2, recurrentInitializer: 'glorotNormal' } as const;
  const states = layers.convLstm2d(options).apply(film) as tfl.SymbolicTensor;
  const rows = layers.reshape({ targetShape: [4, 6] }).apply(states) as tfl.SymbolicTensor;
  const outputs = layers.dot({ axes: 2, normalize: true }).apply([rows, rows]) as tfl.SymbolicTensor;
  return save(tfl.model({ inputs: film, outputs }));
}

describe('broken model.json documents', () => {
  test.each([
    ['graph', async () => graphModel(), 1500],
    ['graph, rarer operators', async () => rarerOperators(), 700],
    ['layers', layersModel, 1500],
    ['layers, sequences', sequenceLayers, 500],
    ['layers, films', filmLayers, 500],
  ] as const)('%s model: mutations are read soundly or refused with a code', async (_, make, count) => {
    const { json, weights } = await make();
    checkGraph(read({ json, weights }).graph);
    const document = JSON.parse(JSON.stringify(json)) as unknown;
    let refused = 0;
    for (let seed = 0; seed < count; seed++) {
      const broken = mutateJson(document, randomBelow(seed)) as SavedModel['json'];
      try {
        checkGraph(read({ json: broken, weights }).graph);
      } catch (error) {
        if (!isGossamerError(error)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(count / 3);
  });

  const folder = useTempDir();

  test('300 mutations of a manifest are quantized soundly or refused with a code, and leave nothing behind', async () => {
    const { json, weights } = graphModel();
    const { weightsManifest } = JSON.parse(JSON.stringify(json)) as Record<string, unknown>;
    const [input, output] = ['model.json', 'out'].map((name) => join(folder(), name)) as [string, string];
    writeFileSync(join(folder(), 'weights.bin'), weights);
    let written = 0;
    for (let seed = 0; seed < 300; seed++) {
      writeFileSync(
        input,
        JSON.stringify({ ...json, weightsManifest: mutateJson(weightsManifest, randomBelow(seed)) }),
      );
      try {
        await quantizeTfjsModel(input, output, { weights: 'uint8', minElements: 1, force: true });
        written++;
      } catch (error) {
        if (!isGossamerError(error)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
      expect(readdirSync(folder()).filter((name) => name.startsWith('.'))).toEqual([]);
    }
    // Most mutations make the sizes of weights and shards contradict each other.
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(200);
  });
});
