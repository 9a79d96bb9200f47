import { setTimeout as sleep } from 'node:timers/promises';
import { median, type Outputs, Session } from '@gossamer/runtime';
import type { RunnableModel } from './build-kernel-model.js';

/** Microseconds of one run: the median by the clock, which a run that was interrupted does not move, and the mean of processor time. */
export interface RunTime {
  readonly us: number;
  readonly cpuUs: number;
}

/** A model open in an engine, with its feeds. */
export class EngineTimer {
  private constructor(
    readonly engine: string,
    private readonly session: Session,
    private readonly feeds: RunnableModel['feeds'],
  ) {}

  static async open({ source, feeds }: RunnableModel, engine: string, threads: number): Promise<EngineTimer> {
    return new EngineTimer(engine, await Session.open(source, { engine, threads }), feeds);
  }

  /** One run's outputs. */
  run(): Promise<Outputs> {
    return this.session.run(this.feeds);
  }

  /** `runs` runs in a row. */
  async time(runs: number): Promise<RunTime> {
    const { session, feeds } = this;
    const times = new Float64Array(runs);
    const cpu = process.cpuUsage();
    let start = process.hrtime.bigint();
    for (let i = 0; i < runs; i++) {
      await session.run(feeds);
      const end = process.hrtime.bigint();
      times[i] = Number(end - start) / 1000;
      start = end;
    }
    const { user, system } = process.cpuUsage(cpu);
    return { us: median(times), cpuUs: (user + system) / runs };
  }

  /** Runs until the time of one is steady: at least `runs` runs and `ms` milliseconds; returns the best time in microseconds. */
  async warmUp(runs: number, ms: number): Promise<number> {
    const end = performance.now() + ms;
    let best = Infinity;
    for (let i = 0; i < runs || performance.now() < end; i++) best = Math.min(best, (await this.time(1)).us);
    return best;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** Threads that spin behind a run (ONNX Runtime's do for about 15 ms) have gone to sleep after this long. */
const SETTLE_MS = 20;

/** Waits until no thread of the last engine still takes processor time from the next. With one thread there is none. */
export async function settle(threads: number): Promise<void> {
  if (threads > 1) await sleep(SETTLE_MS);
}
