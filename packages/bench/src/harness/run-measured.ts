import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { GossamerError } from '@gossamer/graph';

/** What one child process cost. */
export interface MeasuredRun {
  readonly wallSeconds: number;
  /** User and system time of all its threads; undefined where /proc is missing. */
  readonly cpuSeconds: number | undefined;
  /** Highest resident memory in MB (2^20 bytes) of the process itself, not of its children; undefined where /proc is missing. */
  readonly peakRssMb: number | undefined;
  readonly stdout: string;
}

export interface MeasureOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Time between two looks at /proc: what happens in a process's last 10 ms is not seen. */
const pollMs = 10;
/** Clock ticks a second in /proc/PID/stat, on every Linux that Node supports. */
const ticksPerSecond = 100;

/**
 * Runs a command in a fresh process and measures it from outside. Throws `ERR_CHILD_FAILED` with the end of its stderr when it
 * exits with anything but 0.
 */
export function runMeasured(
  command: string,
  args: readonly string[],
  options: MeasureOptions = {},
): Promise<MeasuredRun> {
  const start = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const seen: { cpuSeconds: number | undefined; peakRssMb: number | undefined } = {
    cpuSeconds: undefined,
    peakRssMb: undefined,
  };
  const look = () => Object.assign(seen, readUsage(child.pid));
  const timer = setInterval(look, pollMs);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr = (output.stderr + text).slice(-4000)));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      clearInterval(timer);
      reject(
        new GossamerError('ERR_CHILD_FAILED', `${command}: expected to start, received ${cause.message}`, { cause }),
      );
    });
    child.on('close', (code, killedBy) => {
      clearInterval(timer);
      const wallSeconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ wallSeconds, ...seen, stdout: output.stdout });
      else {
        const text = `${command} ${args.join(' ')}: expected exit code 0, received ${killedBy ?? code}: ${output.stderr.trim()}`;
        reject(new GossamerError('ERR_CHILD_FAILED', text));
      }
    });
  });
}

/** High-water mark of memory and processor time so far; nothing once the process is gone. */
function readUsage(pid: number | undefined): { cpuSeconds: number; peakRssMb: number } | undefined {
  try {
    const peak = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^VmHWM:\s*(\d+) kB$/m)?.[1];
    if (peak === undefined) return undefined;
    // Fields after the command name, which may hold spaces: utime and stime are the 14th and 15th of all.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, peakRssMb: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}
