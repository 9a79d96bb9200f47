import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { readFileSync } from 'node:fs';
import { GossamerError } from '@gossamer/graph';
import { pinnedCpus } from '../cases/ask-child.js';
import { repositoryFolder } from '../package-folder.js';
import type { TimedSteps } from './step-runner.js';

/** One engine with one net in training, in a process of its own that makes steps when it is told to. */
export class StepEngine {
  readonly #lines: AsyncIterator<string>;
  #said = '';

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    lines: Interface,
  ) {
    this.#lines = lines[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-2000)));
  }

  /** Ours; `engine` is one of a training session. */
  static ours(net: string, engine: string, threads: number): Promise<StepEngine> {
    const entry = createRequire(import.meta.url).resolve('@gossamer/bench/training-child');
    const script = entry.endsWith('.ts')
      ? entry.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js')
      : entry;
    return StepEngine.#start([process.execPath, script, net, engine, String(threads)], threads);
  }

  /** PyTorch, from the state that saveStepState wrote. */
  static torch(python: string, net: string, state: string, threads: number): Promise<StepEngine> {
    const script = join(repositoryFolder(), 'packages', 'bench', 'peers', 'training_step.py');
    return StepEngine.#start([python, '-W', 'ignore', script, net, state, String(threads)], threads);
  }

  static async #start(words: readonly string[], threads: number): Promise<StepEngine> {
    const pinned = pinnedCpus(threads);
    const [command, ...args] = pinned ? ['taskset', '-c', pinned.join(','), ...words] : words;
    const child = spawn(command!, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, GOSSAMER_THREADS: String(threads) },
    });
    const engine = new StepEngine(child, createInterface({ input: child.stdout }));
    await engine.#answer();
    return engine;
  }

  /** Makes `steps` steps. Throws ERR_CHILD_FAILED with what the process said. */
  async run(steps: number): Promise<TimedSteps> {
    this.child.stdin.write(`${steps}\n`);
    return (await this.#answer()) as TimedSteps;
  }

  /** Highest resident memory so far in MB; undefined where /proc is missing. */
  get peakRssMb(): number | undefined {
    try {
      const peak = readFileSync(`/proc/${this.child.pid}/status`, 'latin1').match(/^VmHWM:\s*(\d+) kB$/m)?.[1];
      return peak === undefined ? undefined : Number(peak) / 1024;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.child.kill();
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value) as unknown;
    throw new GossamerError(
      'ERR_CHILD_FAILED',
      `training process: expected an answer, received its end: ${this.#said.trim()}`,
    );
  }
}
