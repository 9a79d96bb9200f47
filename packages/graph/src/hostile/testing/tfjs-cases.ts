import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostileCase, HostileFamily } from './hostile-case.js';

type Json = Record<string, unknown>;

const WEIGHT: Json = { name: 'w', shape: [4, 4], dtype: 'float32' };
const NODES: readonly Json[] = [
  {
    name: 'x',
    op: 'Placeholder',
    attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '4' }] } } },
  },
  { name: 'w', op: 'Const', attr: {} },
  { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: { transpose_a: { b: false }, transpose_b: { b: false } } },
];

interface Parts {
  readonly paths?: unknown;
  readonly weight?: Json;
  readonly weights?: unknown;
  readonly nodes?: readonly Json[];
  /** Bytes of the shard `a.bin`. */
  readonly bytes?: number;
  readonly place?: (job: string) => void;
}

/** A graph model of one MatMul with some parts replaced, in the folder `job`; a secret lies beside the folder. */
function tfjsCase(name: string, trusted: string, parts: Parts | string, untrusted = trusted): HostileCase {
  const make = (folder: string) => {
    const job = join(folder, 'job');
    mkdirSync(job);
    writeFileSync(join(folder, 'secret'), Buffer.alloc(64, 's'));
    const path = join(job, 'model.json');
    writeFileSync(path, typeof parts === 'string' ? parts : documentOf(parts));
    writeFileSync(join(job, 'a.bin'), new Uint8Array(typeof parts === 'string' ? 64 : (parts.bytes ?? 64)));
    if (typeof parts !== 'string') parts.place?.(job);
    return path;
  };
  return { name, trusted, untrusted, make };
}

function documentOf({
  paths = ['a.bin'],
  weight = {},
  weights = [{ ...WEIGHT, ...weight }],
  nodes = NODES,
}: Parts): string {
  return JSON.stringify({
    format: 'graph-model',
    modelTopology: { node: nodes, versions: { producer: 1 } },
    signature: { outputs: { y: { name: 'y' } } },
    weightsManifest: [{ paths, weights }],
  });
}

const PATH = 'ERR_EXTERNAL_PATH';
const WEIGHTS = 'ERR_TFJS_WEIGHTS';
const MODEL = 'ERR_TFJS_MODEL';
const quantized = (scale: unknown, more: Json = {}): Parts => ({
  weight: { quantization: { dtype: 'uint8', scale, min: 0, ...more } },
  bytes: 16,
});

const cases: readonly HostileCase[] = [
  tfjsCase('a sound model', 'ok', {}),
  ...[
    '../secret',
    '/etc/passwd',
    'sub/../../secret',
    '..\\secret',
    'file:///etc/passwd',
    'http://x/y',
    'a.bin\0',
    '',
    '.',
  ].map((path) => tfjsCase(`the shard ${JSON.stringify(path)}`, PATH, { paths: [path] })),
  tfjsCase('a shard that is missing', 'ERR_FILE_NOT_FOUND', { paths: ['b.bin'] }),
  tfjsCase('a shard that is the model', PATH, { paths: ['model.json'] }),
  tfjsCase('a shard that is a link out', PATH, {
    paths: ['b'],
    place: (job) => symlinkSync('../secret', join(job, 'b')),
  }),
  tfjsCase(
    'a shard that is a second name',
    'ok',
    { paths: ['b'], place: (job) => linkSync(join(job, 'a.bin'), join(job, 'b')) },
    PATH,
  ),
  tfjsCase('paths that are no list', MODEL, { paths: 'a.bin' }),
  tfjsCase('a path that is a number', MODEL, { paths: [1] }),
  tfjsCase('a shard shorter than its weights', WEIGHTS, { bytes: 60 }),
  tfjsCase('a shard longer than its weights', WEIGHTS, { bytes: 68 }),
  tfjsCase('a shard without weights', WEIGHTS, { weights: [] }),
  tfjsCase('a shape of -1', MODEL, { weight: { shape: [-1, 4] } }),
  tfjsCase('a shape of [2^32, 2^32]', 'ERR_TENSOR_SHAPE', { weight: { shape: [2 ** 32, 2 ** 32] } }),
  tfjsCase('a shape of 0.5', MODEL, { weight: { shape: [0.5, 4] } }),
  tfjsCase('a shape that is text', MODEL, { weight: { shape: '44' } }),
  tfjsCase('an unknown dtype', WEIGHTS, { weight: { dtype: 'float128' } }),
  tfjsCase('the dtype __proto__', WEIGHTS, { weight: { dtype: '__proto__' } }),
  tfjsCase('one weight twice', WEIGHTS, { weights: [WEIGHT, WEIGHT], bytes: 128 }),
  tfjsCase('a sound quantized weight', 'ok', quantized(0.5)),
  tfjsCase('a scale that is null, as JSON writes NaN', WEIGHTS, quantized(null)),
  tfjsCase('a scale that is text', WEIGHTS, quantized('NaN')),
  tfjsCase('a quantization of an unknown dtype', WEIGHTS, quantized(1, { dtype: 'int4' })),
  tfjsCase('a cycle of two nodes', MODEL, {
    nodes: [...NODES.slice(0, 2), { name: 'y', op: 'Relu', input: ['z'] }, { name: 'z', op: 'Relu', input: ['y'] }],
  }),
  tfjsCase('a node that reads what does not exist', MODEL, {
    nodes: [...NODES.slice(0, 2), { name: 'y', op: 'Relu', input: ['nowhere'] }],
  }),
  tfjsCase('two nodes of one name', MODEL, { nodes: [...NODES, NODES[2]!] }),
  tfjsCase('an operator that does not exist', 'ERR_TFJS_UNSUPPORTED_OP', {
    nodes: [...NODES.slice(0, 2), { name: 'y', op: 'constructor', input: ['x'] }],
  }),
  tfjsCase('no JSON', MODEL, '{'),
  tfjsCase('an empty document', MODEL, ''),
  tfjsCase('a list', MODEL, '[]'),
  tfjsCase('an object without a topology', MODEL, '{}'),
  tfjsCase('a topology that is null', MODEL, '{"modelTopology":null}'),
  tfjsCase('lists nested 1,000,000 deep', MODEL, '['.repeat(1e6)),
  tfjsCase('a topology nested 5000 deep', MODEL, `{"modelTopology":${'['.repeat(5000)}${']'.repeat(5000)}}`),
];

export const tfjsCases: HostileFamily = { name: 'TF.js', format: 'tfjs', cases };
