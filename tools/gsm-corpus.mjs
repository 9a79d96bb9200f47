// Writes the seeds of the fuzz target gsm_tensor: small tensors of each form as `[type, rank, dims, stream]`, into native/fuzz/corpus/gsm_tensor.
// `node tools/gsm-corpus.mjs`, after a build of packages/encode.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { encodeTensor, formOf } from '@gossamer/encode';
import { dtypeCode } from '@gossamer/graph';
import { ROOT } from './exec.mjs';

const FOLDER = join(ROOT, 'native', 'fuzz', 'corpus', 'gsm_tensor');

let state = 1;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const bell = () => random() + random() + random() - 1.5;
const list = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const sparse = (density, size) => (random() < density ? Math.round(size * bell()) : 0) + 0;

const TENSORS = [
  ['float32', [12, 9], Float32Array.from(list(108, () => sparse(0.2, 6) * Math.fround(0.031)))],
  ['float32', [4, 30], Float32Array.from(list(120, (i) => sparse(0.9, 90) * Math.fround(0.01 + Math.floor(i / 30))))],
  ['float32', [8, 9], Float32Array.from(list(72, () => Math.sin(sparse(1, 4))))],
  ['float32', [60], Float32Array.from(list(60, bell))],
  ['float32', [200], Float32Array.from(list(200, () => (random() < 0.1 ? bell() : 0)))],
  ['float32', [40], new Float32Array(40).fill(0.5)],
  ['int8', [6, 5, 3, 3], Int8Array.from(list(270, () => sparse(0.1, 5)))],
  ['int8', [60], Int8Array.from(list(60, () => Math.round(40 * bell())))],
  ['int4', [9, 20], Uint8Array.from(list(90, () => sparse(0.2, 9)))],
  [
    'uint8',
    [120],
    Buffer.from(
      'the same words again and again, the same words again and again, the same words again and again, the same words again....',
    ),
  ],
  ['uint8', [40], Uint8Array.from(list(40, () => 256 * random()))],
  ['int64', [30], BigInt64Array.from(list(30, (i) => BigInt(i * i)))],
  ['float16', [100, 90], Uint8Array.from(list(18_000, (i) => (i % 2 ? 56 + 4 * bell() : 256 * random())))],
];

mkdirSync(FOLDER, { recursive: true });
const forms = new Set();
for (const [dtype, dims, array] of TENSORS) {
  const stream = encodeTensor({ dtype, dims, bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength) });
  forms.add(formOf(stream));
  const seed = Buffer.of(dtypeCode(dtype), dims.length, ...dims, ...stream);
  writeFileSync(join(FOLDER, createHash('sha1').update(seed).digest('hex')), seed);
}
console.log([...forms].join(' '));
