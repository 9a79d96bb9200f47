import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { isGossamerError } from '@gossamer/graph';
import { cudaInfo, isaInfo } from '@gossamer/kernels';
import { describeTfjs } from '@gossamer/runtime';

/** One thing Gossamer needs, as it was found. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do when it is not all right. */
  readonly fix?: string;
  /** False: only some commands need it. */
  readonly required: boolean;
}

const MIN_NODE = [20, 19] as const;
const MIN_FREE_BYTES = 1e9;

/** Checks what Gossamer needs on this machine: Node, native kernels, ONNX Runtime, optional packages, disk space. Loads what it checks. */
export async function doctor(): Promise<Check[]> {
  return [
    nodeCheck(),
    nativeCheck(),
    cudaCheck(),
    packageCheck('onnxruntime-node', true),
    packageCheck('sharp', false),
    await tfjsCheck(),
    diskCheck(),
    machine(),
  ];
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return {
    name: 'node',
    ok,
    required: true,
    found: process.version,
    ...(ok ? {} : { fix: 'install Node 20.19 or newer' }),
  };
}

function nativeCheck(): Check {
  try {
    const { selected, available, threads } = isaInfo();
    return {
      name: 'native kernels',
      ok: true,
      required: true,
      found: `${selected} of ${available.join(', ')}; ${threads} threads`,
    };
  } catch (error) {
    if (!isGossamerError(error)) throw error;
    return { name: 'native kernels', ok: false, required: true, found: error.message, fix: 'run `npm run build`' };
  }
}

/** The GPU for the CUDA kernels; without one nothing is missing. */
function cudaCheck(): Check {
  const found = describeCuda();
  return { name: 'cuda', ok: true, found, required: false };
}

function describeCuda(): string {
  try {
    return cudaInfo().description;
  } catch (error) {
    if (isGossamerError(error)) return 'not looked for: the native addon does not load';
    throw error;
  }
}
function packageCheck(name: string, required: boolean): Check {
  const require = createRequire(import.meta.url);
  try {
    require(name);
    return { name, ok: true, required, found: versionOf(name, require.resolve(name)) };
  } catch (error) {
    const { code = 'an error', message } = error as NodeJS.ErrnoException;
    const found = code === 'MODULE_NOT_FOUND' ? 'not installed' : `${code}: ${message.split('\n')[0]}`;
    return { name, ok: false, required, found, fix: `npm install ${name}` };
  }
}

/** The backend of the engine tfjs, and whether it computes on a GPU. */
async function tfjsCheck(): Promise<Check> {
  const { found, install } = await describeTfjs();
  return { name: 'tfjs', ok: install === undefined, found, required: false, ...(install ? { fix: install } : {}) };
}

/** Version in the package.json above `file`; not every package exports its own. */
function versionOf(name: string, file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
    if (manifest.name === name && manifest.version) return manifest.version;
  }
  return 'unknown version';
}

function diskCheck(): Check {
  const { bavail, bsize } = statfsSync(tmpdir());
  const free = bavail * bsize;
  const found = `${(free / 1e9).toFixed(1)} GB free for temporary files`;
  const ok = free >= MIN_FREE_BYTES;
  return { name: 'disk', ok, required: false, found, ...(ok ? {} : { fix: `free space in ${tmpdir()}` }) };
}

function machine(): Check {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const found = `${model}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return { name: 'machine', ok: true, required: false, found };
}
