// Writes the golden files of packages/encode/fixtures: what decoders of format 1 must give back for ever. Run once a version of the format, after a
// build of packages/encode: `node tools/gsm-golden.mjs`. Existing files are not replaced.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, modelPieces, openGsm, readOutside } from '@gossamer/encode';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel, serializeModel } from '@gossamer/graph/onnx';
import { ROOT } from './exec.mjs';

const FOLDER = join(ROOT, 'packages', 'encode', 'fixtures');

let state = 1;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const bell = () => random() + random() + random() - 1.5;
const list = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const sparse = (density, size) => (random() < density ? Math.round(size * bell()) : 0) + 0;
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A tensor for every form, `n` times as large as it must be. */
function tensors(n) {
  const floats = (count, make) => bytesOf(Float32Array.from(list(count, make)));
  return [
    ['scaled', 'float32', [12 * n, 9], floats(108 * n, () => sparse(0.2, 6) * Math.fround(0.031))],
    [
      'axis',
      'float32',
      [4, 30 * n],
      floats(120 * n, (i) => sparse(0.9, 90) * Math.fround(0.01 + Math.floor(i / 30 / n))),
    ],
    ['table', 'float32', [9 * n, 8], floats(72 * n, () => Math.fround(Math.sqrt(Math.round(7 * random()))))],
    ['planes', 'float32', [60 * n], floats(60 * n, bell)],
    [
      'halves',
      'bfloat16',
      [60 * n],
      Uint8Array.from(list(120 * n, (i) => (i % 2 ? 40 + 4 * bell() + (40 * i) / (120 * n) : 256 * random()))),
    ],
    ['doubles', 'float64', [8 * n], bytesOf(Float64Array.from(list(8 * n, bell)))],
    ['masked', 'float32', [200 * n], floats(200 * n, () => (random() < 0.1 ? bell() : 0))],
    ['constant', 'float32', [40 * n], floats(40 * n, () => 0.5)],
    ['zeros', 'int8', [40 * n], new Uint8Array(40 * n)],
    ['kernels', 'int8', [6 * n, 5, 3, 3], bytesOf(Int8Array.from(list(270 * n, () => sparse(0.1, 5))))],
    ['bell', 'int8', [60 * n], bytesOf(Int8Array.from(list(60 * n, () => Math.round(40 * bell()))))],
    ['nibbles', 'int4', [9, 20 * n], Uint8Array.from(list(90 * n, () => sparse(0.2, 9)))],
    ['text', 'uint8', [76 * n], Buffer.from('the same words again and again, '.repeat(3 * n).slice(0, 76 * n))],
    ['noise', 'uint8', [40 * n], Uint8Array.from(list(40 * n, () => 256 * random()))],
    ['rising', 'int64', [30 * n], bytesOf(BigInt64Array.from(list(30 * n, (i) => BigInt(i * 7 + (i % 3)))))],
  ];
}

function model(name, parts) {
  const g = new GraphBuilder(name, { opset: 21, irVersion: 10 });
  for (const [tensor, dtype, dims, bytes] of parts) g.graph.addInitializer(tensor, Tensor.of(dtype, dims, bytes));
  const x = g.input('x', 'float32', ['n', 4]);
  return g.output(g.op('Relu', [x]), 'y', 'float32', ['n', 4]).model();
}

/** An ONNX file of one int32 tensor in `int32_data`, and a field that no version knows. */
function listed() {
  const varint = (value) => {
    const bytes = [];
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
      if (rest < 128n) return bytes;
    }
  };
  const field = (no, bytes) => [...varint(no * 8 + 2), ...varint(bytes.length), ...bytes];
  const values = list(40, (i) => (i % 5 === 0 ? -i : 3 * i)).flatMap(varint);
  const tensor = [8, 40, 16, 6, ...field(5, values), ...field(8, [119])];
  return Buffer.from([8, 8, ...field(7, [...field(2, [103]), ...field(5, tensor)]), ...field(40, [1, 2, 3])]);
}

const SIZES = { halves: 300, constant: 300, zeros: 900, text: 450, noise: 850, bell: 600, nibbles: 400 };

const scratch = mkdtempSync(join(tmpdir(), 'gsm-golden-'));
const write = (name, bytes) => {
  writeFileSync(join(scratch, name), bytes);
  return join(scratch, name);
};
const small = tensors(1);
// Beyond 32 KiB each, so that they are streams of their own.
const large = tensors(150).map((tensor) => tensors(SIZES[tensor[0]] ?? 150).find(([name]) => name === tensor[0]));
// The same bytes once more, as another type.
const { 3: planes } = large.find(([name]) => name === 'planes');
large.push(['again', 'uint8', [planes.length], planes]);
const some = large.filter(([name]) => ['scaled', 'masked', 'kernels', 'constant'].includes(name));
await saveModel(model('beside', some), join(scratch, 'beside.onnx'), { externalData: 'always' });
const [data] = readdirSync(scratch).filter((name) => name !== 'beside.onnx');
writeFileSync(join(scratch, data), Buffer.concat([readFileSync(join(scratch, data)), Buffer.from('behind')]));
const SOURCES = {
  small: write('small.onnx', serializeModel(model('small', small))),
  large: write('large.onnx', serializeModel(model('large', large))),
  beside: join(scratch, 'beside.onnx'),
  listed: write('listed.onnx', listed()),
  bytes: write(
    'bytes.onnx',
    Buffer.from('no model at all, just a text that repeats, a text that repeats, a text that repeats'),
  ),
};

mkdirSync(FOLDER, { recursive: true });
const sums = {};
for (const [name, path] of Object.entries(SOURCES)) {
  const target = join(FOLDER, `${name}.v1.gsm`);
  if (existsSync(target)) throw new Error(`${target}: golden files are not replaced`);
  const { pieces } = await encodeModel(path);
  writeFileSync(target, Buffer.concat(pieces));
  const gsm = openGsm(target);
  const file = Buffer.concat([...modelPieces(gsm)]);
  if (!file.equals(readFileSync(path))) throw new Error(`${name}: not the same bytes`);
  sums[`${name}.v1.gsm`] = {
    model: sha256(file),
    beside: gsm.outside.map((_, i) => sha256(readOutside(gsm, i))),
    forms: [...new Set(gsm.tensors.map(({ index }) => gsm.form(index)))],
  };
}
writeFileSync(join(FOLDER, 'sha256.json'), `${JSON.stringify(sums, null, 2)}\n`);
rmSync(scratch, { recursive: true });
console.log(sums);
