import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';
import { isaInfo } from '@gossamer/kernels';
import { repositoryFolder } from '../package-folder.js';

/** Where and with what a figure was measured. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  /** The vector extensions that decide the speed of integer kernels, of those the CPU has. */
  readonly cpuFlags: readonly string[];
  /** The kernels Gossamer chose. */
  readonly isa: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly onnxruntime: string;
  /** Short commit hash, with `+changes` when the tree differs from it. */
  readonly commit: string;
  /** One-minute load average when the suite began; well below the number of cores, or the figures are doubtful. */
  readonly loadAtStart: number;
  /** ISO date and time. */
  readonly measuredAt: string;
}

const tellingFlags = [
  'avx2',
  'avx512f',
  'avx512bw',
  'avx512_vnni',
  'avx_vnni',
  'avx512_bf16',
  'amx_int8',
  'asimddp',
  'i8mm',
];

/** Describes this machine and this build, now. */
export function environment(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    cpuFlags: cpuFlags(),
    isa: isaInfo().selected,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    onnxruntime: onnxruntimeVersion(),
    commit: commit(),
    loadAtStart: Number(loadavg()[0]!.toFixed(2)),
    measuredAt: new Date().toISOString(),
  };
}

/** From the kernel's list; empty where there is none (macOS, Windows). */
function cpuFlags(): string[] {
  try {
    const line = readFileSync('/proc/cpuinfo', 'utf8').match(/^(?:flags|Features)\s*:(.*)$/m)?.[1] ?? '';
    const present = new Set(line.trim().split(/\s+/));
    return tellingFlags.filter((flag) => present.has(flag));
  } catch {
    return [];
  }
}

function onnxruntimeVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: repositoryFolder(),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes')
    );
  } catch {
    return 'unknown';
  }
}
