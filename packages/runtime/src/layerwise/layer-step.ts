import { GossamerError, type Model, type Node, type WeightView } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import type { SampleRun } from './record-samples.js';

/** What the layers of a step read in one run, by name of the value; kept on disk, read when it is asked for, not kept in memory. */
export interface LayerInputs extends SampleRun {
  /** Place among the runs. */
  readonly run: number;
  /** With the new weights of all earlier steps. */
  readonly quantized: Feeds;
  /** In the model as it was given (streams 'both'). */
  readonly float: Feeds | undefined;
  /** What the step's layers make of `float` with their old weights, by name, where asked for. */
  readonly outputs: Feeds | undefined;
}

export interface InputsRequest {
  /** Also what the layers make in the model as it was given; needs streams 'both'. Default false. */
  readonly outputs?: boolean;
  /** Runs wanted, in this order. Default: all, in order. */
  readonly runs?: Iterable<number>;
}

/** What a step asks of its walk. */
export interface StepHost {
  readonly runs: readonly SampleRun[];
  read(step: LayerStep, request: InputsRequest): AsyncGenerator<LayerInputs>;
  replace(view: WeightView, data: Float32Array): void;
  part(step: LayerStep, weights: 'float' | 'quantized'): Model;
}

/** Layers that are visited together: those that read the same values, or a block that was asked for. Valid until the next step is asked for. */
export class LayerStep {
  /** Nodes of the given model, in graph order; of a block all that lie in it. */
  readonly nodes: readonly Node[];
  /** Weights that may be replaced; one that layers share is here at the first of them only. */
  readonly views: readonly WeightView[];
  /** Names of the values that the layers read: keys of `LayerInputs.quantized` and `float`. */
  readonly inputs: readonly string[];
  /** Names of the values that the layers make for others. */
  readonly outputs: readonly string[];
  #isOver = false;

  constructor(
    /** Place among the steps, and how many there are. */
    readonly index: number,
    readonly total: number,
    parts: Pick<LayerStep, 'nodes' | 'views' | 'inputs' | 'outputs'>,
    private readonly reads: ReadonlyMap<Node, readonly (string | undefined)[]>,
    private readonly host: StepHost,
  ) {
    this.nodes = parts.nodes;
    this.views = parts.views;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
  }

  /** Runs of the model that `batches` goes through: one a batch, or one a step of a batch of sequences. */
  get runs(): readonly SampleRun[] {
    return this.host.runs;
  }

  /** Samples in all runs. */
  get samples(): number {
    return this.runs.reduce((sum, { count }) => sum + count, 0);
  }

  /** Under which name what `node` reads in slot `index` stands in the inputs; undefined for constants and what a block makes itself. */
  inputName(node: Node, index: number): string | undefined {
    return this.reads.get(node)?.[index];
  }

  /** Goes through the runs, any number of times. */
  async *batches(request: InputsRequest = {}): AsyncGenerator<LayerInputs> {
    this.#requireOpen();
    for await (const inputs of this.host.read(this, request)) {
      yield inputs;
      this.#requireOpen();
    }
  }

  /**
   * Replaces a weight of `views`: row-major float32 in the view's shape, rounded as it is stored, and not to be written to afterwards. Later steps see it in stream 'quantized', as do
   * layers of the walk that share the stored tensor. Throws ERR_QUANTIZED_WEIGHT where codes are stored.
   */
  setWeight(view: WeightView, data: Float32Array): void {
    this.#requireOpen();
    if (!this.views.some(({ node, inputIndex }) => node === view.node && inputIndex === view.inputIndex)) {
      const text = `setWeight: expected a weight of ${this.views.map(({ layerId }) => layerId).join(', ')}, received one of ${view.layerId}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_LAYERWISE', text);
    }
    this.host.replace(view, data);
  }

  /** The layers as a model from `inputs` to `outputs`, with the weights as they were given or as they are now. */
  model(weights: 'float' | 'quantized' = 'float'): Model {
    this.#requireOpen();
    return this.host.part(this, weights);
  }

  /** Ends what the step is good for. */
  close(): void {
    this.#isOver = true;
  }

  #requireOpen(): void {
    if (!this.#isOver) return;
    const text = `step ${this.index}: expected the current one, received one that is over`;
    throw new GossamerError<RuntimeErrorCode>('ERR_LAYERWISE', text);
  }
}
