import type { Tensor } from '@gossamer/graph';
import { float32View, type Outputs, type RunOptions } from '@gossamer/runtime';
import { requireInteger } from '../require-option.js';
import { SAMPLE_WEIGHTS, type TrainingGraph } from '../step/build-training-graph.js';
import type { TrainingSession } from '../step/training-session.js';
import { type BatchCut, cutFeeds, planCut, sharedFeeds } from './cut-batch.js';
import { MeanOfParts, sharesOf } from './mean-of-parts.js';
import { type RemoteOptions, RemoteSession } from './remote-session.js';
import { OneAtATime } from './one-at-a-time.js';
import { unlessAborted } from './unless-aborted.js';
import { entryScript, WorkerLink } from './worker-link.js';

export interface DataParallelOptions extends RemoteOptions {
  /** Worker threads, each with a session of its own. */
  readonly workers: number;
  /** Equal parts of a batch; results depend on them, and not on the workers. Default: as many as workers. */
  readonly shards?: number;
  readonly signal?: AbortSignal;
}

/**
 * A session that runs `whole` by its shards: `shardGraph(batch)` gives the same graph for a batch of that size, and workers run it on one shard
 * after the other. Outputs are means over shards by the weights of their samples, summed in the order of the shards in float32, so that their bits do
 * not depend on the number of workers. That is the loss and the gradient of the whole batch, where a loss is a mean over samples; what looks at a
 * batch as a whole sees a shard: BatchNormalization normalises by the statistics of its shard (as PyTorch's DistributedDataParallel without
 * SyncBatchNorm), and its running statistics are the mean over shards (there: those of the first).
 *
 * Throws ERR_TRAIN_OPTIONS where the batch does not come apart, ERR_WORKER (a run, too) where a worker ends.
 */
export async function openDataParallelSession(
  whole: TrainingGraph,
  shardGraph: (batch: number) => TrainingGraph,
  options: DataParallelOptions,
): Promise<TrainingSession> {
  const workers = requireInteger('workers', options.workers, 1);
  const shards = requireInteger('shards', options.shards ?? workers, 1);
  const { signal } = options;
  signal?.throwIfAborted();
  const part = shardGraph(Math.max(1, Math.floor(whole.batch / shards)));
  const cut = planCut(whole, part, shards);
  const links = Array.from({ length: Math.min(workers, shards) }, (_, i) => {
    const own = Array.from({ length: shards }, (__, shard) => shard).filter((shard) => shard % workers === i);
    return new WorkerLink(
      `worker ${i + 1} (shards ${own.map((shard) => shard + 1).join(', ')})`,
      entryScript('session-worker'),
    );
  });
  const opening = Promise.all(links.map((link) => RemoteSession.open(link, 0, part.model, options)));
  try {
    return new DataParallelSession(links, await unlessAborted(opening, signal), cut, signal);
  } catch (error) {
    await Promise.all(links.map((link) => link.close()));
    throw error;
  }
}

class DataParallelSession implements TrainingSession {
  readonly engine: string;
  readonly warnings: readonly string[];
  readonly #runs = new OneAtATime();

  constructor(
    private readonly links: readonly WorkerLink[],
    private readonly sessions: readonly RemoteSession[],
    private readonly cut: BatchCut,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.engine = sessions[0]!.engine;
    this.warnings = sessions[0]!.warnings;
  }

  run(feeds: Readonly<Record<string, Tensor>>, options: RunOptions = {}): Promise<Outputs> {
    const { into, signal = this.signal } = options;
    return this.#runs.run(() => this.#run(feeds, into), signal);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()));
  }

  async #run(feeds: Readonly<Record<string, Tensor>>, into: RunOptions['into']): Promise<Outputs> {
    const { sessions, cut } = this;
    const shared = sharedFeeds(cut, feeds);
    const shares = sharesOf(float32View(feeds[SAMPLE_WEIGHTS]!), cut.parts);
    const runs = shares.map((_, shard) => {
      // What all shards have travels to each worker once.
      const own = shard < sessions.length ? shared : {};
      return sessions[shard % sessions.length]!.start({ ...own, ...cutFeeds(cut, feeds, shard) });
    });
    const mean = new MeanOfParts(into);
    // All are heard, so that a second failure is not one that nobody handles.
    const ended = Promise.allSettled(runs);
    try {
      for (const [shard, run] of runs.entries()) (await run)((outputs) => mean.add(outputs, shares[shard]!));
    } finally {
      await ended;
    }
    return mean.outputs;
  }
}
