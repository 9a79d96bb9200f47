import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants, gzipSync } from 'node:zlib';
import { decodeModel, encodeModelTo, openGsm } from '@gossamer/encode';
import type { Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { adaptiveEntropy } from './adaptive-entropy.js';
import { STORED_MODELS } from './stored-models.js';

interface Size {
  readonly name: string;
  readonly onnx: number;
  readonly gzip: number;
  readonly brotli: number;
  /** Undefined: there is no such program here. */
  readonly xz: number | undefined;
  readonly gsm: number;
  readonly isEqual: boolean;
  /** Of tensors of integers: bytes they take, and bytes of their adaptive entropy. */
  readonly integers: { readonly bytes: number; readonly entropy: number };
  /** Seconds of processor time. */
  readonly seconds: Readonly<Record<'encode' | 'decode' | 'brotli' | 'unbrotli', number>>;
}

/** The most that a coder may take over the adaptive entropy. */
const OVERHEAD = 1.02;

/** Sizes of model files beside general compressors, and of their integers beside the adaptive entropy. */
export async function sizes(context: SuiteContext): Promise<PartFindings> {
  const found: Size[] = [];
  for (const { name, make } of STORED_MODELS) {
    context.signal.throwIfAborted();
    context.onProgress({ stage: name, done: found.length, total: STORED_MODELS.length });
    found.push(await sizeOf(name, await make(), context));
  }
  const integers = found.filter((size) => size.integers.entropy > 0);
  const shares = integers.map((size) => size.integers.bytes / size.integers.entropy);
  const best = (size: Size) => Math.min(size.gzip, size.brotli, size.xz ?? Infinity);
  const gains = found.map((size) => best(size) / size.gsm);
  return {
    claims: [
      {
        claim: 'every file comes back byte for byte',
        measured: `${found.filter((size) => size.isEqual).length} of ${found.length}`,
        holds: found.every((size) => size.isEqual),
      },
      {
        claim: 'each model takes fewer bytes than with any general compressor',
        measured: `${Math.min(...gains).toFixed(2)} to ${Math.max(...gains).toFixed(2)} times fewer`,
        holds: gains.every((gain) => gain > 1),
      },
      {
        claim: `integers of a model: at most ${OVERHEAD} of their adaptive entropy`,
        measured: `${Math.min(...shares).toFixed(3)} to ${Math.max(...shares).toFixed(3)}`,
        holds: shares.every((share) => share <= OVERHEAD),
      },
    ],
    tables: [table(found)],
    warnings: found.some((size) => size.xz === undefined) ? ['xz: expected the program, received none'] : [],
    data: { sizes: found },
  };
}

async function sizeOf(name: string, model: Model, { scratch }: SuiteContext): Promise<Size> {
  const paths = ['a.onnx', 'a.gsm', 'again.onnx'].map((file) => join(scratch, file));
  const [path, gsm, again] = paths as [string, string, string];
  await saveModel(model, path, { fsync: false });
  const file = readFileSync(path);
  const [report, encode] = await timed(() => encodeModelTo(gsm, path, { fsync: false }));
  const [, decode] = await timed(() => decodeModel(openGsm(gsm), again, { fsync: false }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const [brotli, brotliTime] = await timed(() => brotliCompressSync(file, { params }));
  const [, unbrotli] = await timed(() => brotliDecompressSync(brotli));
  const size: Size = {
    ...{ name, onnx: file.length, gzip: gzipSync(file, { level: 9 }).length, brotli: brotli.length, xz: xzSize(path) },
    ...{
      gsm: report.byteLength,
      isEqual: readFileSync(again).equals(file),
      integers: integersOf(model, report.tensors),
    },
    seconds: { encode, decode, brotli: brotliTime, unbrotli },
  };
  for (const each of paths) rmSync(each);
  return size;
}

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return [result, (user + system) / 1e6];
}

const MEGABYTES = 256;

function xzSize(path: string): number | undefined {
  try {
    return execFileSync('xz', ['-9e', '-k', '-c', path], { maxBuffer: MEGABYTES * 2 ** 20 }).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const INTEGERS = new Set(['int8', 'uint8', 'int4', 'uint4']);

/** Of all tensors of up to 8 bits that are in the file as such. */
function integersOf(model: Model, tensors: readonly { readonly name: string; readonly encodedBytes: number }[]) {
  let [bytes, entropy] = [0, 0];
  for (const { name, encodedBytes } of tensors) {
    const tensor = model.graph.value(name)?.initializer;
    if (!tensor || !INTEGERS.has(tensor.dtype)) continue;
    bytes += encodedBytes;
    entropy += adaptiveEntropy(Float64Array.from(tensor.toIntegers(), Number));
  }
  return { bytes, entropy };
}

const count = (value: number | undefined) => value?.toLocaleString('en') ?? '';

function table(found: readonly Size[]) {
  return {
    title: 'Bytes',
    columns: [
      ...['model', 'ONNX file', 'gzip -9', 'brotli 11', 'xz -9e', '.gsm', 'smaller', 'integers / entropy'],
      ...['encode MB/s', 'brotli', 'decode MB/s', 'brotli'],
    ],
    rows: found.map(({ name, onnx, gzip, brotli, xz, gsm, integers, seconds }) => {
      const speed = (of: number) => (onnx / 1e6 / of).toPrecision(2);
      return [
        ...[name, count(onnx), count(gzip), count(brotli), count(xz), count(gsm), `${(onnx / gsm).toFixed(2)}x`],
        integers.entropy > 0 ? (integers.bytes / integers.entropy).toFixed(3) : '',
        ...[speed(seconds.encode), speed(seconds.brotli), speed(seconds.decode), speed(seconds.unbrotli)],
      ];
    }),
  };
}
