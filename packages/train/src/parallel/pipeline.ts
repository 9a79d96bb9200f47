import { GossamerError, type Model, Tensor } from '@gossamer/graph';
import type { Outputs } from '@gossamer/runtime';
import type { TrainErrorCode } from '../error-codes.js';
import { requireInteger } from '../require-option.js';
import { cutModel, type Stage } from './cut-model.js';
import { type RemoteOptions, RemoteSession } from './remote-session.js';
import { unlessAborted } from './unless-aborted.js';
import { entryScript, WorkerLink } from './worker-link.js';

export interface PipelineOptions extends RemoteOptions {
  /** Parts of the model, one worker thread each. */
  readonly stages: number;
  readonly signal?: AbortSignal;
}

/** Tensors of their own memory. */
export const keep = (tensors: Outputs): Outputs =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      Tensor.of(tensor.dtype, tensor.dims, tensor.bytes().slice()),
    ]),
  );

/** Those of `tensors` that a model is fed. */
export const feedsOf = (model: Model, tensors: Outputs): Record<string, Tensor> =>
  Object.fromEntries(model.graph.inputs.flatMap(({ name }) => (tensors[name] ? [[name, tensors[name]] as const] : [])));

/** A model cut into stages that run in worker threads, each on another batch: the throughput of several, the latency of one. */
export class Pipeline {
  private constructor(
    private readonly links: readonly WorkerLink[],
    private readonly sessions: readonly RemoteSession[],
    readonly stages: readonly Stage[],
    private readonly inputs: readonly string[],
    private readonly outputs: readonly string[],
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Throws ERR_TRAIN_OPTIONS (see cutModel). */
  static async open(model: Model, options: PipelineOptions): Promise<Pipeline> {
    const { signal } = options;
    signal?.throwIfAborted();
    const stages = cutModel(model, requireInteger('stages', options.stages, 1));
    const links = stages.map((_, i) => new WorkerLink(`stage ${i + 1}`, entryScript('session-worker')));
    try {
      const opening = links.map((link, i) => RemoteSession.open(link, 0, stages[i]!.model, options));
      const sessions = await unlessAborted(Promise.all(opening), signal);
      return new Pipeline(
        links,
        sessions,
        stages,
        model.graph.inputs.filter(({ initializer }) => !initializer).map(({ name }) => name),
        model.graph.outputs.map(({ name }) => name),
        signal,
      );
    } catch (error) {
      await Promise.all(links.map((link) => link.close()));
      throw error;
    }
  }

  /** Outputs of each batch, which has all inputs (else ERR_TRAIN_DATA), in the order of the batches, of which as many are on the way as there are stages, and one. */
  async *run(batches: Iterable<Outputs> | AsyncIterable<Outputs>): AsyncGenerator<Outputs, void, undefined> {
    const onTheWay: Promise<Outputs>[] = [];
    try {
      for await (const feeds of batches) {
        this.signal?.throwIfAborted();
        const outputs = this.#through(feeds);
        outputs.catch(() => undefined);
        onTheWay.push(outputs);
        if (onTheWay.length > this.stages.length) yield await unlessAborted(onTheWay.shift()!, this.signal);
      }
      while (onTheWay.length > 0) yield await unlessAborted(onTheWay.shift()!, this.signal);
    } finally {
      await Promise.allSettled(onTheWay);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()));
  }

  async #through(feeds: Outputs): Promise<Outputs> {
    // A worker would take what the batch before had under that name.
    const missing = this.inputs.find((name) => !feeds[name]);
    if (missing !== undefined) {
      throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', `batch: expected input ${missing}, received none`);
    }
    let known = feeds;
    for (const [i, { model }] of this.stages.entries()) {
      known = { ...known, ...(await this.sessions[i]!.run(feedsOf(model, known), keep)) };
    }
    return Object.fromEntries(this.outputs.map((name) => [name, known[name]!]));
  }
}
