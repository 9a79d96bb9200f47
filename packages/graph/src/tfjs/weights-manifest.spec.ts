import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { errorCode } from '../testing/error-code.js';
import { MemorySource } from '../wire/memory-source.js';
import { loadTfjsModel } from './load-model.js';
import './testing/in-memory.js';
import { readWeights } from './weights-manifest.js';

const sourceOf = (bytes: Uint8Array) => () => new MemorySource(bytes);

describe('weights manifest', () => {
  test.each([
    ['uint8', { dtype: 'uint8', scale: 0.0123, min: -1.7 }, 'float32', 7],
    ['uint16', { dtype: 'uint16', scale: 3.3e-5, min: -0.9 }, 'float32', 14],
    ['float16', { dtype: 'float16' }, 'float32', 14],
    ['uint8 of integers', { dtype: 'uint8', scale: 1.5, min: -20 }, 'int32', 7],
    ['no quantization', undefined, 'float32', 28],
  ] as const)('%s is read as TF.js reads it, bit for bit', (_, quantization, dtype, byteLength) => {
    const bytes = Uint8Array.from({ length: byteLength }, (__, i) => (i * 37 + 11) % 60);
    const spec = { name: 'w', shape: [7], dtype, ...(quantization ? { quantization } : {}) };
    const expected = tf.io.decodeWeights(bytes.slice().buffer, [spec as tf.io.WeightsManifestEntry])['w']!;
    const { tensors } = readWeights([{ paths: ['a'], weights: [spec] }], sourceOf(bytes));
    expect(tensors.get('w')!.dtype).toBe(dtype);
    expect(Array.from(tensors.get('w')!.toFloat64())).toEqual(Array.from(expected.dataSync()));
  });

  test('weights lie across shards, in groups', () => {
    const data = Float32Array.from({ length: 30 }, (_, i) => i / 7);
    const bytes = new Uint8Array(data.buffer);
    const shards: Record<string, Uint8Array> = {};
    const paths = Array.from({ length: 12 }, (_, i) => {
      shards[`s${i}`] = bytes.slice(i * 10, (i + 1) * 10);
      return `s${i}`;
    });
    const sources = new Map(paths.map((path) => [path, new MemorySource(shards[path]!)]));
    const manifest = [
      {
        paths,
        weights: [
          { name: 'a', shape: [3, 4], dtype: 'float32' },
          { name: 'b', shape: [18], dtype: 'float32' },
        ],
      },
      { paths: ['s0'], weights: [{ name: 'c', shape: [10], dtype: 'bool' }] },
    ];
    const { tensors } = readWeights(manifest, (path) => sources.get(path)!);
    expect(tensors.get('a')!.toFloat32()).toEqual(data.slice(0, 12));
    expect(tensors.get('b')!.toFloat32()).toEqual(data.slice(12));
    expect(tensors.get('c')!.byteLength).toBe(10);
  });

  const weight = { name: 'w', shape: [2], dtype: 'float32' };
  test.each<[string, unknown, string]>([
    ['shards too short', [{ ...weight, shape: [3] }], 'ERR_TFJS_WEIGHTS'],
    ['shards too long', [{ ...weight, shape: [1] }], 'ERR_TFJS_WEIGHTS'],
    [
      'two weights of a name',
      [
        { ...weight, shape: [1] },
        { ...weight, shape: [1] },
      ],
      'ERR_TFJS_WEIGHTS',
    ],
    ['an unknown dtype', [{ ...weight, dtype: 'float64' }], 'ERR_TFJS_WEIGHTS'],
    ['strings that do not fill the shards', [{ ...weight, shape: [1], dtype: 'string' }], 'ERR_TFJS_WEIGHTS'],
    ['a dtype named like a property', [{ ...weight, dtype: 'constructor' }], 'ERR_TFJS_WEIGHTS'],
    [
      'a scale that is no number',
      [{ ...weight, quantization: { dtype: 'uint8', scale: null, min: 0 } }],
      'ERR_TFJS_WEIGHTS',
    ],
    ['an infinite scale', [{ ...weight, quantization: { dtype: 'uint8', scale: 1e999, min: 0 } }], 'ERR_TFJS_WEIGHTS'],
    ['float16 integers', [{ ...weight, dtype: 'int32', quantization: { dtype: 'float16' } }], 'ERR_TFJS_WEIGHTS'],
    ['an unknown storage', [{ ...weight, quantization: { dtype: 'int4', scale: 1, min: 0 } }], 'ERR_TFJS_WEIGHTS'],
    ['a negative dimension', [{ ...weight, shape: [-2] }], 'ERR_TFJS_MODEL'],
    ['a fractional dimension', [{ ...weight, shape: [0.5] }], 'ERR_TFJS_MODEL'],
    ['dimensions beyond 2^53', [{ ...weight, shape: [2 ** 40, 2 ** 40] }], 'ERR_TENSOR_SHAPE'],
    ['bytes beyond 2^53', [{ ...weight, shape: [2 ** 52] }], 'ERR_TFJS_WEIGHTS'],
    ['no list', 7, 'ERR_TFJS_MODEL'],
  ])('refuses %s', (_, weights, code) => {
    const manifest = [{ paths: ['a'], weights }];
    expect(errorCode(() => readWeights(manifest, sourceOf(new Uint8Array(8))))).toBe(code);
  });
});

describe('shard files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gossamer-tfjs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const codeOf = async (path: string, trust: 'trusted' | 'untrusted' = 'trusted'): Promise<string> => {
    const json = { modelTopology: { node: [] }, weightsManifest: [{ paths: [path], weights: [] }] };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
    try {
      await loadTfjsModel(join(folder, 'model.json'), { trust });
      return 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test.each([
    ['/etc/passwd', 'ERR_EXTERNAL_PATH'],
    ['../x.bin', 'ERR_EXTERNAL_PATH'],
    ['a/../../x.bin', 'ERR_EXTERNAL_PATH'],
    ['..\\x.bin', 'ERR_EXTERNAL_PATH'],
    ['file:///etc/passwd', 'ERR_EXTERNAL_PATH'],
    ['https://example.org/x.bin', 'ERR_EXTERNAL_PATH'],
    ['x\0.bin', 'ERR_EXTERNAL_PATH'],
    ['', 'ERR_EXTERNAL_PATH'],
    ['.', 'ERR_EXTERNAL_PATH'],
    ['missing.bin', 'ERR_FILE_NOT_FOUND'],
    ['model.json', 'ERR_EXTERNAL_PATH'],
  ])('the path %j is refused', async (path, code) => {
    expect(await codeOf(path)).toBe(code);
  });

  test('a link out of the folder is refused, and every link in untrusted mode', async () => {
    symlinkSync('/etc/hostname', join(folder, 'out.bin'));
    expect(await codeOf('out.bin')).toBe('ERR_EXTERNAL_PATH');
    writeFileSync(join(folder, 'real.bin'), '');
    symlinkSync('real.bin', join(folder, 'in.bin'));
    expect(await codeOf('in.bin', 'untrusted')).toBe('ERR_EXTERNAL_PATH');
  });
});
