import { Tensor } from '@gossamer/graph';
import { float32View, type Outputs, type RunOptions } from '@gossamer/runtime';
import { gradientName } from '../differentiate.js';
import { requireInteger } from '../require-option.js';
import { type LossGraph, SAMPLE_WEIGHTS } from '../step/build-training-graph.js';
import type { TrainingSession } from '../step/training-session.js';
import { type BatchCut, cutFeeds, planCut, sharedFeeds } from './cut-batch.js';
import { cutModel, type Stage } from './cut-model.js';
import { MeanOfParts, sharesOf } from './mean-of-parts.js';
import { OneAtATime } from './one-at-a-time.js';
import { feedsOf, keep } from './pipeline.js';
import { type RemoteOptions, RemoteSession } from './remote-session.js';
import { backwardGraph, edgeGradient, lastStageGraph, trainedValues } from './stage-graphs.js';
import { unlessAborted } from './unless-aborted.js';
import { entryScript, WorkerLink } from './worker-link.js';

export interface TrainingPipelineOptions extends RemoteOptions {
  /** Parts of the model, one worker thread each. */
  readonly stages: number;
  /** Equal parts of a batch that follow one another through the stages. Default: twice the stages. */
  readonly microBatches?: number;
  readonly signal?: AbortSignal;
}

/** A stage in its worker. */
interface OpenStage {
  readonly stage: Stage;
  /** Of the last stage forward pass, loss and backward pass in one. */
  readonly forward: RemoteSession;
  readonly backward: RemoteSession | undefined;
  /** Edges it makes whose gradients it needs, and values whose gradients it gives. */
  readonly from: readonly string[];
  readonly wrt: readonly string[];
}

/**
 * A session that trains by a pipeline of stages: micro-batches go forward one behind the other, each stage in its worker, and back; the update is one for
 * all, so that outputs are those of the whole graph (see openDataParallelSession for what a mean over parts of a batch is). Stages keep no activations:
 * on the way back they compute their forward pass again. `lossGraph(batch)` gives the graph for a batch of that size, `parameters` are what gradients
 * are wanted by. Source: Huang et al., GPipe, NeurIPS 2019, section 2.
 */
export async function openTrainingPipeline(
  lossGraph: (batch: number) => LossGraph,
  batch: number,
  parameters: readonly string[],
  options: TrainingPipelineOptions,
): Promise<TrainingSession> {
  const stages = requireInteger('stages', options.stages, 1);
  const microBatches = requireInteger('microBatches', options.microBatches ?? 2 * stages, 1);
  const { signal } = options;
  signal?.throwIfAborted();
  const part = lossGraph(Math.max(1, Math.floor(batch / microBatches)));
  const cut = planCut(lossGraph(batch), part, microBatches);
  const parts = cutModel(part.model, stages);
  const trained = trainedValues(part.model, parameters);
  const links = parts.map((_, i) => new WorkerLink(`stage ${i + 1}`, entryScript('session-worker')));
  const openStage = async (stage: Stage, i: number): Promise<OpenStage> => {
    const inputs = stage.model.graph.inputs.map(({ name }) => name);
    const later = new Set(parts.slice(i + 1).flatMap(({ edges }) => edges));
    const wrt = inputs.filter((name) => parameters.includes(name) || (stage.edges.includes(name) && trained.has(name)));
    const from = stage.model.graph.outputs
      .map(({ name }) => name)
      .filter((name) => later.has(name) && trained.has(name));
    const isLast = i === parts.length - 1;
    const forward = isLast ? lastStageGraph(stage, wrt) : stage.model;
    const hasBackward = !isLast && wrt.length > 0 && from.length > 0;
    return {
      stage: { ...stage, model: forward },
      forward: await RemoteSession.open(links[i]!, 0, forward, options),
      backward: hasBackward
        ? await RemoteSession.open(links[i]!, 1, backwardGraph(stage, from, wrt), options)
        : undefined,
      from,
      wrt,
    };
  };
  try {
    const opened = await unlessAborted(Promise.all(parts.map(openStage)), signal);
    return new TrainingPipeline(links, opened, cut, parameters, signal);
  } catch (error) {
    await Promise.all(links.map((link) => link.close()));
    throw error;
  }
}

class TrainingPipeline implements TrainingSession {
  readonly engine: string;
  readonly warnings: readonly string[];
  readonly #runs = new OneAtATime();

  constructor(
    private readonly links: readonly WorkerLink[],
    private readonly stages: readonly OpenStage[],
    private readonly cut: BatchCut,
    private readonly parameters: readonly string[],
    private readonly signal: AbortSignal | undefined,
  ) {
    const sessions = stages.flatMap(({ forward, backward }) => (backward ? [forward, backward] : [forward]));
    this.engine = sessions[0]!.engine;
    this.warnings = sessions.flatMap(({ warnings }) => warnings);
  }

  run(feeds: Readonly<Record<string, Tensor>>, options: RunOptions = {}): Promise<Outputs> {
    const { into, signal = this.signal } = options;
    return this.#runs.run(() => this.#run(feeds, into), signal);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()));
  }

  async #run(feeds: Readonly<Record<string, Tensor>>, into: RunOptions['into']): Promise<Outputs> {
    const shared = sharedFeeds(this.cut, feeds);
    // Weights travel to their stage once, ahead of all micro-batches.
    await Promise.all(this.stages.map(({ stage, forward }) => forward.feed(feedsOf(stage.model, shared))));
    const shares = sharesOf(float32View(feeds[SAMPLE_WEIGHTS]!), this.cut.parts);
    const runs = shares.map((_, index) => this.#microBatch(cutFeeds(this.cut, feeds, index)));
    const ended = Promise.allSettled(runs);
    const mean = new MeanOfParts(into);
    try {
      for (const [index, run] of runs.entries()) mean.add(await run, shares[index]!);
    } finally {
      await ended;
    }
    const zeros = this.parameters
      .filter((name) => !mean.outputs[gradientName(name)])
      .map((name) => [gradientName(name), keepZeros(feeds[name]!)]);
    return { ...mean.outputs, ...(Object.fromEntries(zeros) as Outputs) };
  }

  /** Outputs of one micro-batch: losses, running statistics, gradients by parameters. */
  async #microBatch(feeds: Readonly<Record<string, Tensor>>): Promise<Outputs> {
    const edges = new Set(this.stages.flatMap(({ stage }) => stage.edges));
    const result: Record<string, Tensor> = {};
    const edgeGradients: Record<string, Tensor> = {};
    const collect = (outputs: Outputs, wrt: readonly string[]) => {
      for (const name of wrt) {
        const gradient = outputs[gradientName(name)]!;
        if (edges.has(name)) addTo(edgeGradients, edgeGradient(name), gradient);
        else addTo(result, gradientName(name), gradient);
      }
    };
    let known: Outputs = feeds;
    for (const { stage, forward, wrt } of this.stages) {
      const outputs = await forward.run(feedsOf(stage.model, known), keep);
      const isLast = stage === this.stages.at(-1)!.stage;
      if (isLast) collect(outputs, wrt);
      for (const [name, tensor] of Object.entries(outputs))
        if (!edges.has(name) && !(isLast && name.startsWith(gradientName('')))) result[name] = tensor;
      known = { ...known, ...outputs };
    }
    for (const { stage, backward, from, wrt } of this.stages.slice(0, -1).reverse()) {
      if (!backward) continue;
      const given = Object.fromEntries(from.map((name) => [edgeGradient(name), edgeGradients[edgeGradient(name)]!]));
      collect(await backward.run({ ...feedsOf(stage.model, known), ...given }, keep), wrt);
    }
    return result;
  }
}

/** Sums what several stages give, the last first. */
function addTo(sums: Record<string, Tensor>, name: string, gradient: Tensor): void {
  const sum = sums[name];
  if (!sum) sums[name] = gradient;
  else {
    const [a, b] = [float32View(sum), float32View(gradient)];
    sums[name] = Tensor.of(
      'float32',
      sum.dims,
      a.map((x, i) => x + b[i]!),
    );
  }
}

const keepZeros = ({ dims, length }: Tensor): Tensor => Tensor.of('float32', dims, new Float32Array(length));
