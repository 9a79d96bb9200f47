import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { repositoryFolder } from '../package-folder.js';
import { runMeasured } from './run-measured.js';

/** What one run of onnxruntime.quantization cost, as it says itself: imports not timed, but in the memory. */
export interface PeerRun {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** Version of the Python package. */
  readonly onnxruntime: string;
  /** From the outside: start and imports included. */
  readonly processSeconds: number;
  /** The same in processor time; as the tool says itself where /proc is missing. */
  readonly processCpuSeconds: number;
}

/** A Python with onnxruntime, named by `GOSSAMER_PEER_PYTHON`; undefined when unset, and then peers are not measured. */
export function peerPython(): string | undefined {
  return process.env['GOSSAMER_PEER_PYTHON'] || undefined;
}

/** What a report says where a peer is missing. */
export const noPeer = 'GOSSAMER_PEER_PYTHON is not set';

/** Runs `peers/quantize.py` in a fresh process. Throws `ERR_CHILD_FAILED` with what Python said. */
export async function runPeer(
  python: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<PeerRun> {
  const script = join(repositoryFolder(), 'packages', 'bench', 'peers', 'quantize.py');
  const { stdout, wallSeconds, cpuSeconds } = await runMeasured(python, [script, ...args], options);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const own = JSON.parse(last) as Omit<PeerRun, 'processSeconds' | 'processCpuSeconds'>;
    return { ...own, processSeconds: wallSeconds, processCpuSeconds: cpuSeconds ?? own.cpuSeconds };
  } catch (cause) {
    throw new GossamerError('ERR_CHILD_FAILED', `${python}: expected a line of JSON, received ${last}`, { cause });
  }
}
