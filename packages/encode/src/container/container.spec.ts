import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder, type Model } from '@gossamer/graph';
import { loadModel, saveModel, serializeModel } from '@gossamer/graph/onnx';
import { leNet300100, tinyLm } from '@gossamer/graph/zoo';
import { brotliCompressSync, constants } from 'node:zlib';
import { fileOf, gsmOf } from '../testing/gsm-of.js';
import { useTempDir } from '../testing/temp-dir.js';
import { decodeModel } from './decode-model.js';
import { encodeModel, encodeModelTo } from './encode-model.js';
import { DEFAULT_GSM_LIMITS } from './limits.js';
import { openGsm } from './open-gsm.js';
import { toModel } from './to-model.js';

const FIXTURES = join(__dirname, '../../../../fixtures/models');

/** Two dense layers of 3-bit weights, 1 in 20 not 0, written as floats. */
function sparseModel(): Model {
  let state = 7;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const weights = (rows: number, columns: number) =>
    Float32Array.from({ length: rows * columns }, () =>
      random() < 0.05 ? Math.fround(0.031) * (1 + Math.floor(3 * random())) : 0,
    );
  const g = new GraphBuilder('sparse');
  const x = g.input('input', 'float32', ['n', 200]);
  const w1 = g.weight('fc1.weight', [200, 150], weights(200, 150));
  const w2 = g.weight('fc2.weight', [150, 10], weights(150, 10));
  return g
    .output(g.op('MatMul', [g.op('Relu', [g.op('MatMul', [x, w1])]), w2]), 'logits', 'float32', ['n', 10])
    .model();
}

describe('encodeModel and openGsm', () => {
  const folder = useTempDir();

  it.each(['lenet-300-100.onnx', 'lenet-5.onnx', 'resnet20-mnist.onnx'])(
    'gives %s back bit for bit, smaller than brotli',
    async (name) => {
      const path = join(FIXTURES, name);
      const file = readFileSync(path);
      const encoded = await encodeModel(path);
      expect(encoded.warnings).toEqual([]);
      const gsm = openGsm(Buffer.concat(encoded.pieces));
      expect(Buffer.compare(fileOf(gsm), file)).toBe(0);
      // Quality 9: 11 is a percent smaller on floats and takes seconds.
      const brotli = brotliCompressSync(file, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
      expect(encoded.byteLength).toBeLessThan(0.92 * brotli.length);
    },
  );

  it.each([
    ['a dense net', () => leNet300100()],
    ['a language model', () => tinyLm({ layers: 1, width: 48, vocabulary: 64, context: 32 })],
    ['a sparse one', sparseModel],
  ])('a Model is stored as it would be written: %s', async (_, make) => {
    const model = make();
    const bytes = serializeModel(model);
    const gsm = openGsm(await gsmOf(model));
    expect(Buffer.compare(fileOf(gsm), bytes)).toBe(0);
  });

  it('encodeModelTo writes what encodeModel gives', async () => {
    const path = join(FIXTURES, 'lenet-300-100.onnx');
    const target = join(folder(), 'lenet.gsm');
    const { pieces, ...report } = await encodeModel(path);
    expect(await encodeModelTo(target, path)).toEqual(report);
    expect(Buffer.compare(readFileSync(target), Buffer.concat(pieces))).toBe(0);
    expect(report.byteLength).toBe(readFileSync(target).length);
    expect(readdirSync(folder())).toEqual(['lenet.gsm']);
  });

  it('the same weights twice are there once', async () => {
    const g = new GraphBuilder('twice');
    const x = g.input('x', 'float32', ['n', 100]);
    const data = Float32Array.from({ length: 10_000 }, (_, i) => Math.sin(i * 7919));
    const [a, b] = ['a', 'b'].map((name) => g.weight(name, [100, 100], data));
    const { tensors, byteLength } = await encodeModel(
      g.output(g.op('MatMul', [g.op('MatMul', [x, a!]), b!]), 'y', 'float32', ['n', 100]).model(),
    );
    expect(tensors[1]!.form).toBe('copy');
    expect(byteLength).toBeLessThan(40_000);
  });

  it('the same model gives the same bytes', async () => {
    expect(Buffer.compare(await gsmOf(sparseModel()), await gsmOf(sparseModel()))).toBe(0);
  });

  it('a small model costs its weights and less than 150 bytes', async () => {
    const { headBytes, byteLength, tensors } = await encodeModel(sparseModel());
    expect(headBytes).toBeLessThan(150);
    expect(tensors.map(({ form }) => form)).toEqual(['scaled', 'scaled']);
    // 31,500 weights: 0.05 log2(3) + H(0.05) bits each, at most 4 % more.
    const bits = 0.05 * Math.log2(3) - 0.05 * Math.log2(0.05) - 0.95 * Math.log2(0.95);
    expect(byteLength).toBeLessThan(1.04 * ((31_500 * bits) / 8) + 150);
  });

  it('reads one tensor alone, and a Model whose weights are the same', async () => {
    const path = join(FIXTURES, 'lenet-300-100.onnx');
    const gsm = openGsm(await gsmOf(path));
    const model = await loadModel(path);
    for (const { index, name, dtype, dims } of gsm.tensors) {
      const { initializer } = model.graph.value(name)!;
      expect([dtype, dims]).toEqual([initializer!.dtype, initializer!.dims]);
      expect(Buffer.compare(gsm.read(index), initializer!.bytes())).toBe(0);
    }
    expect(Buffer.compare(serializeModel(toModel(gsm)), readFileSync(path))).toBe(0);
  });

  it('keeps files beside the model, and what no tensor covers of them', async () => {
    const source = join(folder(), 'source');
    mkdirSync(source);
    const path = join(source, 'model.onnx');
    await saveModel(sparseModel(), path, { externalData: 'always' });
    const [data] = readdirSync(source).filter((name) => name !== 'model.onnx');
    writeFileSync(
      join(source, data!),
      Buffer.concat([readFileSync(join(source, data!)), Buffer.from('behind the last tensor')]),
    );
    const gsm = openGsm(await gsmOf(path));
    const target = join(folder(), 'target', 'model.onnx');
    mkdirSync(join(folder(), 'target'));
    await decodeModel(gsm, target);
    for (const name of ['model.onnx', data!]) {
      expect(Buffer.compare(readFileSync(join(folder(), 'target', name)), readFileSync(join(source, name)))).toBe(0);
    }
    const embedded = toModel(gsm);
    const original = await loadModel(path);
    for (const value of original.graph.values()) {
      if (value.initializer)
        expect(embedded.graph.value(value.name)!.initializer!.hash()).toBe(value.initializer.hash());
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    [
      'text',
      Buffer.from('no model at all, just a text that repeats, just a text that repeats, just a text that repeats'),
    ],
    ['a broken model', serializeModel(sparseModel()).subarray(0, 9000)],
  ])('a file that is not a sound model is carried through: %s', async (_, bytes) => {
    const path = join(folder(), 'odd.onnx');
    writeFileSync(path, bytes);
    const encoded = await encodeModel(path);
    const gsm = openGsm(Buffer.concat(encoded.pieces));
    expect(Buffer.compare(fileOf(gsm), bytes)).toBe(0);
    expect(encoded.warnings).toHaveLength(bytes.length === 0 ? encoded.warnings.length : 1);
  });

  it('a graph longer than decoders take without being told is stored as bytes', async () => {
    const model = sparseModel();
    model.metadata.set('notes', 'x'.repeat(DEFAULT_GSM_LIMITS.maxSkeletonBytes));
    const { warnings, pieces, byteLength } = await encodeModel(model);
    expect(warnings).toEqual([expect.stringMatching(/^file: stored as bytes: .*expected at most 8388608/)]);
    expect(byteLength).toBeLessThan(50_000);
    expect(Buffer.compare(fileOf(openGsm(Buffer.concat(pieces))), serializeModel(model))).toBe(0);
  });

  it('lengths in more bytes than they need come back too', async () => {
    const bytes = Buffer.from(serializeModel(sparseModel()));
    // The graph's length, a varint of 3 bytes here, as 5.
    const at = bytes.findIndex(
      (byte, i) => byte === 0x3a && (bytes[i + 1]! & bytes[i + 2]! & 0x80) !== 0 && (bytes[i + 3]! & 0x80) === 0,
    );
    const padded = Buffer.concat([
      bytes.subarray(0, at + 3),
      Buffer.of(bytes[at + 3]! | 0x80, 0x80, 0),
      bytes.subarray(at + 4),
    ]);
    const path = join(folder(), 'padded.onnx');
    writeFileSync(path, padded);
    expect(Buffer.compare(fileOf(openGsm(await gsmOf(path))), padded)).toBe(0);
  });
});
