import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { rejectionCode } from '../testing/error-code.js';
import { withFault } from '../testing/faulty-fs.js';
import { useTempDir } from '../testing/temp-dir.js';
import { loadTfjsModel } from './load-model.js';
import { quantizeTfjsModel } from './quantize-model.js';
import { GraphDefBuilder } from './testing/graph-def.js';
import { save, type SavedModel } from './testing/in-memory.js';

const folder = useTempDir();
const NOT_TURNED = { transpose_a: false, transpose_b: false };
const matrix = tf.randomNormal([40, 30], 0.1, 1, 'float32', 1);
const columns = tf.randomUniform([30, 50], 0.5, 2, 'float32', 2);

/** Two products; the weights are const_0 and const_1, a bias const_2. */
function twoProducts(): SavedModel {
  const g = new GraphDefBuilder();
  const x = g.placeholder('x', 'DT_FLOAT', [-1, 40]);
  const h = g.node('MatMul', [x, g.constant(matrix)], NOT_TURNED);
  const y = g.node('MatMul', [h, g.constant(columns)], NOT_TURNED);
  const out = g.node('BiasAdd', [y, g.constant(tf.randomNormal([50], 0, 1, 'float32', 3))]);
  g.node('Identity', [g.constant(tf.range(0, 2000, 1, 'int32'))]);
  return g.save([out]);
}

/** Writes a model beside its shard; returns the path of its model.json. */
function put({ json, weights }: SavedModel, name = 'in', text = JSON.stringify(json)): string {
  const place = join(folder(), name);
  mkdirSync(place);
  writeFileSync(join(place, 'model.json'), text);
  writeFileSync(join(place, 'weights.bin'), weights);
  return join(place, 'model.json');
}

interface Document {
  modelTopology: object;
  signature?: object;
  weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
}

/** A model as TF.js reads it from its folder. */
function artifacts(place: string): tf.io.ModelArtifacts {
  const document = JSON.parse(readFileSync(join(place, 'model.json'), 'utf8')) as Document;
  const files = document.weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(place, path))));
  return {
    modelTopology: document.modelTopology,
    ...(document.signature ? { signature: document.signature } : {}),
    weightSpecs: document.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(files)).buffer,
  };
}

function weightsInTfjs(place: string): Record<string, Float32Array> {
  const { weightData, weightSpecs } = artifacts(place);
  const tensors = Object.entries(tf.io.decodeWeights(weightData!, weightSpecs!));
  return Object.fromEntries(tensors.map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]));
}

function largestError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

describe('a graph model', () => {
  test.each(['uint8', 'uint16', 'float16'] as const)('%s: TF.js reads what the report says', async (weights) => {
    const input = put(twoProducts());
    const result = await quantizeTfjsModel(input, join(folder(), 'out'), { weights });
    expect(result.path).toBe(join(folder(), 'out', 'model.json'));
    const before = weightsInTfjs(join(folder(), 'in'));
    const after = weightsInTfjs(join(folder(), 'out'));
    const quantized = result.weights.filter(({ action }) => action === 'quantized');
    expect(quantized.map(({ name }) => name)).toEqual(['const_0', 'const_1']);
    for (const { name, maxAbsError, scale } of quantized) {
      // The error that was read back is TF.js's own, to the last bit.
      expect(largestError(before[name]!, after[name]!)).toBe(maxAbsError);
      expect(maxAbsError).toBeGreaterThan(0);
      if (scale !== undefined) expect(maxAbsError).toBeLessThanOrEqual(scale * 0.5 + 2 ** -22);
    }
    for (const name of ['const_2', 'const_3']) expect(after[name]).toEqual(before[name]);
    // Our reader and TF.js see the same numbers.
    const model = await loadTfjsModel(result.path);
    const own = [...model.graph.initializers()].find(({ name }) => name === 'const_0')!.initializer!;
    expect(own.toFloat32()).toEqual(after['const_0']);
    const bytes = weights === 'uint8' ? 1 : 2;
    expect(result.weights[0]!.bytes).toEqual({ before: 4800, after: 1200 * bytes });
  });

  test('TF.js computes with it: outputs within what the weights lost', async () => {
    const input = put(twoProducts());
    const { weights } = await quantizeTfjsModel(input, join(folder(), 'out'), { weights: 'uint16' });
    const run = async (place: string) => {
      const model = await loadGraphModel({ load: async () => artifacts(join(folder(), place)) });
      return (model.execute(tf.ones([1, 40])) as tf.Tensor).dataSync();
    };
    const [a, b] = weights.map(({ maxAbsError }) => maxAbsError!) as [number, number];
    // 40 ones through both: |dA| * sum |B| + (|A| + |dA|) * |dB|, the largest over columns; 1e-4 for sums in float32.
    const hidden = tf.sum(tf.abs(tf.sum(matrix, 0))).dataSync()[0]!;
    const bound = 40 * a * 30 * 2 + (hidden + 40 * 30 * a) * b + 1e-4;
    const error = largestError(await run('in'), await run('out'));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThanOrEqual(bound);
  });

  test('nothing of model.json changes but the manifest; the same input gives the same bytes', async () => {
    const { json, weights } = twoProducts();
    const manifest = JSON.stringify(json['weightsManifest'], null, 3);
    const head = `{ "a\\"b": [1e2, {"weightsManifest": "]}"}],\n"é": "\\u00e9", "weightsManifest"\t: `;
    const tail = ` ,\n\n "modelTopology": ${JSON.stringify(json['modelTopology'])}, "last":-1.50 }\n`;
    const input = put({ json, weights }, 'in', head + manifest + tail);
    for (const name of ['one', 'two']) await quantizeTfjsModel(input, join(folder(), name), { weights: 'uint8' });
    const text = readFileSync(join(folder(), 'one', 'model.json'), 'utf8');
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['a"b', 'é', 'weightsManifest', 'modelTopology', 'last']);
    for (const name of readdirSync(join(folder(), 'one'))) {
      expect(readFileSync(join(folder(), 'two', name))).toEqual(readFileSync(join(folder(), 'one', name)));
    }
  });

  test('shards of 4 MiB, named as tfjs-converter names them; a weight lies across them', async () => {
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [-1, 8]);
    g.node('Identity', [g.constant(tf.range(0, 1_000_000, 1, 'int32'))]);
    const values = Float32Array.from({ length: 8 * 100_000 }, (_, i) => Math.sin(i));
    const y = g.node('MatMul', [x, g.constant(tf.tensor2d(values, [8, 100_000]))], NOT_TURNED);
    const { weights } = await quantizeTfjsModel(put(g.save([y])), join(folder(), 'out'), { weights: 'uint16' });
    expect(readdirSync(join(folder(), 'out')).sort()).toEqual([
      'group1-shard1of2.bin',
      'group1-shard2of2.bin',
      'model.json',
    ]);
    const { weightData } = artifacts(join(folder(), 'out'));
    expect((weightData as ArrayBuffer).byteLength).toBe(4_000_000 + 1_600_000);
    expect(largestError(values, weightsInTfjs(join(folder(), 'out'))['const_1']!)).toBe(weights[1]!.maxAbsError);
  });
});

test('a layers model: TF.js loads it, and a layer is chosen by its name', async () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 64, inputShape: [20], name: 'first', activation: 'relu' }),
      tfl.layers.dense({ units: 30, name: 'second' }),
    ],
  });
  const input = put(await save(model));
  const options = { weights: 'uint8', include: ['first'], exclude: ['*bias', 'nothing'] } as const;
  const { weights, warnings } = await quantizeTfjsModel(input, join(folder(), 'out'), options);
  expect(weights.map(({ name, action, reason }) => `${name}: ${action}, ${reason}`)).toEqual([
    'first/kernel: quantized, one grid of uint8 over its range',
    'first/bias: kept, excluded by "*bias"',
    'second/kernel: kept, not in include',
    'second/bias: kept, excluded by "*bias"',
  ]);
  expect(warnings).toEqual(['exclude "nothing": expected a weight, layer or glob, no weight matches']);
  const loaded = await tfl.loadLayersModel({ load: async () => artifacts(join(folder(), 'out')) });
  const x = tf.ones([1, 20]);
  // Half a step of the first kernel's 20 inputs, times the second kernel's 64 weights below 1.
  const bound = 20 * weights[0]!.maxAbsError! * 64 + 1e-5;
  const error = largestError((model.predict(x) as tf.Tensor).dataSync(), (loaded.predict(x) as tf.Tensor).dataSync());
  expect(error).toBeLessThanOrEqual(bound);
});

describe('weights that stay', () => {
  const sized = (...values: number[]) => Float32Array.from({ length: 2048 }, (_, i) => values[i % values.length]!);
  const entries = [
    { name: 'nan', shape: [2, 1024], data: sized(1, NaN) },
    { name: 'wide', shape: [2, 1024], data: sized(1, 65520) },
    { name: 'edges', shape: [2, 1024], data: sized(-3.4028235e38, 1, 3.4028235e38) },
    { name: 'vector', shape: [2048], data: sized(1, 2) },
    { name: 'small', shape: [2, 3], data: sized(1, 2).slice(0, 6) },
    { name: 'codes', shape: [2, 1024], data: sized(1, 2), quantization: { dtype: 'uint8', scale: 1, min: 0 } },
    { name: 'halves', shape: [2, 1024], data: sized(1, 2), quantization: { dtype: 'float16' } },
    { name: 'flags', shape: [2, 1024], data: new Uint8Array(2048), dtype: 'bool' },
    { name: 'places', shape: [2, 1024], data: new Int32Array(2048), dtype: 'int32' },
    { name: 'words', shape: [2], data: Uint8Array.of(1, 0, 0, 0, 97, 2, 0, 0, 0, 98, 99), dtype: 'string' },
    { name: 'none', shape: [2, 0], data: new Float32Array(0) },
  ];

  function model(): SavedModel {
    const bytes = entries.map(({ data, quantization }) => {
      const stored = quantization?.dtype === 'uint8' ? Uint8Array.from(data) : data;
      const halved = quantization?.dtype === 'float16' ? Uint16Array.from(data, () => 0x3c01) : stored;
      return new Uint8Array(halved.buffer);
    });
    const weights = entries.map(({ name, shape, dtype = 'float32', quantization }) => {
      return { name, shape, dtype, ...(quantization ? { quantization } : {}), extra: 'kept' };
    });
    const manifest = [{ paths: ['weights.bin'], weights, more: 7 }];
    return {
      json: { modelTopology: { node: [] }, weightsManifest: manifest },
      weights: new Uint8Array(Buffer.concat(bytes)),
    };
  }

  test.each([
    [
      'uint8',
      {
        nan: 'holds NaN',
        wide: 'one grid of uint8 over its range',
        edges: 'its grid passes the range of float32',
        codes: 'stored as uint8 already',
        halves: 'one grid of uint8 over its range',
      },
    ],
    [
      'float16',
      {
        nan: 'holds NaN',
        wide: 'holds numbers beyond 65504',
        edges: 'holds numbers beyond 65504',
        codes: 'quantized already, to uint8',
        halves: 'stored as float16 already',
      },
    ],
  ] as const)('%s: each with its reason', async (weights, reasons) => {
    const input = put(model());
    const result = await quantizeTfjsModel(input, join(folder(), 'out'), { weights });
    expect(Object.fromEntries(result.weights.map(({ name, reason }) => [name, reason]))).toEqual({
      ...reasons,
      vector: 'a vector or a single number',
      small: '6 elements, fewer than 1024',
      flags: 'bool, not float32',
      places: 'int32, not float32',
      words: 'string, not float32',
      none: '0 elements, fewer than 1024',
    });
    const [group] = (JSON.parse(readFileSync(result.path, 'utf8')) as Document).weightsManifest;
    expect(group).toMatchObject({ more: 7, paths: ['group1-shard1of1.bin'] });
    expect(group!.weights.every((item) => (item as { extra?: string }).extra === 'kept')).toBe(true);
    expect(weightsInTfjs(join(folder(), 'out'))['nan']).toEqual(weightsInTfjs(join(folder(), 'in'))['nan']);
  });

  test('a weight given by its whole name is quantized however small', async () => {
    const options = { weights: 'uint16', include: ['small', 'vector'] } as const;
    const { weights } = await quantizeTfjsModel(put(model()), join(folder(), 'out'), options);
    const quantized = weights.filter(({ action }) => action === 'quantized').map(({ name }) => name);
    expect(quantized).toEqual(['vector', 'small']);
  });

  test('float16 is not made uint16: that would lose precision and save nothing', async () => {
    const { weights } = await quantizeTfjsModel(put(model()), join(folder(), 'out'), { weights: 'uint16' });
    const halves = weights.find(({ name }) => name === 'halves')!;
    expect(halves.reason).toBe('stored as float16 already, which takes no more');
  });
});

describe('the output folder', () => {
  const quantize = (input: string, output: string, more: object = {}) =>
    quantizeTfjsModel(input, output, { weights: 'uint8', ...more });
  const isClean = () => expect(readdirSync(folder()).filter((name) => name.startsWith('.'))).toEqual([]);

  test('is replaced only with force, and only where it holds a model alone', async () => {
    const input = put(twoProducts());
    const output = join(folder(), 'out');
    await quantize(input, output);
    expect(await rejectionCode(quantize(input, output))).toBe('ERR_OUTPUT_EXISTS');
    await quantizeTfjsModel(input, output, { weights: 'uint16', force: true });
    expect(readFileSync(join(output, 'model.json'), 'utf8')).toContain('uint16');
    writeFileSync(join(output, 'mine.txt'), '');
    expect(await rejectionCode(quantize(input, output, { force: true }))).toBe('ERR_OUTPUT_PATH');
    isClean();
  });

  test('is never that of the input, nor a file, nor in a folder that is not there', async () => {
    const input = put(twoProducts());
    const before = readFileSync(input);
    for (const output of [join(folder(), 'in'), folder(), input, join(folder(), 'a', 'b')]) {
      expect(await rejectionCode(quantize(input, output, { force: true }))).toBe('ERR_OUTPUT_PATH');
    }
    const own = join(folder(), 'own');
    await quantize(input, own);
    expect(await rejectionCode(quantize(join(own, 'model.json'), own, { force: true }))).toBe('ERR_OUTPUT_PATH');
    expect(readFileSync(input)).toEqual(before);
    isClean();
  });

  test('does not appear when the copy is refused or aborted', async () => {
    const input = put(twoProducts());
    const output = join(folder(), 'out');
    const refusal = new Error('no');
    await expect(quantize(input, output, { accept: () => Promise.reject(refusal) })).rejects.toBe(refusal);
    await expect(quantize(input, output, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(readdirSync(folder())).toEqual(['in']);
  });

  test('is the old one or the new one whichever file call fails', async () => {
    const input = put(twoProducts());
    const output = join(folder(), 'out');
    await quantize(input, output);
    const old = readFileSync(join(output, 'model.json'), 'utf8');
    const replace = async () => void (await quantizeTfjsModel(input, output, { weights: 'float16', force: true }));
    const { calls } = await withFault(0, 'EIO', replace);
    const fresh = readFileSync(join(output, 'model.json'), 'utf8');
    await quantize(input, output, { force: true });
    for (let at = 1; at <= calls.length; at++) {
      const { error } = await withFault(at, 'ENOSPC', replace);
      expect(readdirSync(output).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
      expect([old, fresh]).toContain(readFileSync(join(output, 'model.json'), 'utf8'));
      // What could not be removed is left to the save of another process, under a temporary name.
      const left = readdirSync(folder()).filter((name) => name.startsWith('.'));
      expect(left.every((name) => calls[at - 1] === 'rm' && name.endsWith('.gossamer-tmp'))).toBe(true);
      for (const name of left) rmSync(join(folder(), name), { recursive: true });
      if (!error) await quantize(input, output, { force: true });
    }
  });

  test('what is no TF.js model, or no storage, is refused', async () => {
    const input = put({ json: {}, weights: new Uint8Array(0) });
    const output = join(folder(), 'out');
    expect(await rejectionCode(quantize(input, output))).toBe('ERR_TFJS_MODEL');
    expect(await rejectionCode(quantize(input, output, { weights: 'int8' }))).toBe('ERR_OPTION');
    expect(await rejectionCode(quantize(input, output, { weights: 'constructor' }))).toBe('ERR_OPTION');
    writeFileSync(input, Uint8Array.of(0x7b, 0xff, 0x7d));
    expect(await rejectionCode(quantize(input, output))).toBe('ERR_TFJS_MODEL');
  });
});
