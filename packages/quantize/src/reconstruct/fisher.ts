import { type Model, Tensor } from '@gossamer/graph';
import { float32View, type Outputs, Session } from '@gossamer/runtime';
import {
  ComposedForm,
  type Dataset,
  differentiate,
  newArray,
  openTrainingSession,
  toTrainingForm,
  type TrainingForm,
} from '@gossamer/train';
import { fisherProbe } from '../fisher-probe.js';

export interface FisherOptions {
  /** Samples of a run. */
  readonly batch: number;
  readonly seed: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Input with what the scores are multiplied by, and the output that is the sum. */
const PROBE = 'fisher/probe';
const PROBED = 'fisher/probed';

/**
 * Diagonal of the Fisher information by values inside of a classifier, whose first output holds scores (classes along the last axis): how much the
 * distribution over classes moves with an element. The expectation over classes is taken by one draw a sample: the square of the gradient of sum(u z),
 * z the scores and u = sqrt(p) eps - p sum(sqrt(p) eps) with eps = +-1, whose covariance is that of the scores' gradient, diag(p) - p pᵀ. As in
 * BRECQ's code each element also counts by itself: (F / mean(F) + 1) / 2.
 *
 * Sources: Li et al., "BRECQ", ICLR 2021 (arXiv:2102.05426), equation 10; Martens, "New Insights and Perspectives on the Natural Gradient Method", 2020
 * (arXiv:1412.1193), section 9 (the Fisher information of a softmax).
 */
export class Fisher {
  readonly #form: TrainingForm;

  constructor(
    private readonly model: Model,
    private readonly data: Dataset,
    private readonly options: FisherOptions,
  ) {
    this.#form = toTrainingForm(model, { batch: options.batch, mode: 'evaluate', batchNorm: 'frozen' });
  }

  /** Weights of the elements of values `names`, [samples, ...] each; scores, and values that the training form has not got, are left out. */
  async at(names: readonly string[]): Promise<ReadonlyMap<string, Tensor>> {
    const { batch, threads, signal } = this.options;
    const [scores] = this.#form.outputs;
    const known = names.filter((name) => name !== scores && this.#form.model.graph.value(name));
    if (known.length === 0) return new Map();
    const { model, gradients } = this.#gradientGraph(known);
    const options = threads === undefined ? {} : { threads };
    const forward = await Session.open(this.model, options);
    const backward = await openTrainingSession(model, options);
    const squares = new Map<string, Float32Array>();
    const dims = new Map<string, readonly number[]>();
    try {
      for (let first = 0; first < this.data.length; first += batch) {
        signal?.throwIfAborted();
        const feeds = this.#read(first);
        const z = (await forward.run(feeds))[scores!]!;
        const probe = fisherProbe(z, { seed: this.options.seed, offset: (first / batch) * z.length });
        const outputs: Outputs = await backward.run({ ...feeds, [PROBE]: probe });
        for (const [name, output] of gradients) {
          const gradient = outputs[output]!;
          const row = gradient.length / batch;
          const all = squares.get(name) ?? new Float32Array(row * this.data.length);
          const count = Math.min(batch, this.data.length - first);
          float32View(gradient)
            .subarray(0, row * count)
            .forEach((value, i) => (all[row * first + i] = value * value));
          squares.set(name, all);
          dims.set(name, [this.data.length, ...gradient.dims.slice(1)]);
        }
      }
    } finally {
      await forward.dispose();
      await backward.dispose();
    }
    return new Map([...squares].map(([name, all]) => [name, Tensor.of('float32', dims.get(name)!, weighted(all))]));
  }

  #gradientGraph(names: readonly string[]) {
    const composed = new ComposedForm('fisher');
    const { g } = composed;
    const inputs = this.#form.inputs.map((name) => {
      const type = this.#form.model.graph.value(name)!.type;
      if (type?.kind !== 'tensor') throw new Error(`input ${name}: expected a tensor, as the training form has them`);
      return g.input(name, type.dtype!, type.shape as readonly number[]);
    });
    const read = composed.embed(this.#form, inputs, { state: 'constant' });
    const scores = read(this.#form.outputs[0]!);
    const probe = g.input(PROBE, 'float32', g.shape(scores));
    const product = g.mul(probe, scores);
    const inside = names.map((name) => [name, read(name)] as const);
    const sum = g.sum(
      product,
      g.shape(product).map((_, axis) => axis),
    );
    const { model } = composed.finish({ [PROBED]: sum });
    const { model: graph, gradients } = differentiate(model, {
      loss: PROBED,
      wrt: inside.map(([, value]) => value.name),
    });
    return { model: graph, gradients: inside.map(([name, value]) => [name, gradients.get(value.name)!] as const) };
  }

  /** A batch from sample `first` on; the last is filled up with the first samples. */
  #read(first: number): Record<string, Tensor> {
    const { batch } = this.options;
    const { length, arrays } = this.data;
    const made = this.#form.inputs.map((name) => {
      const { dtype, shape } = arrays.get(name)!;
      return { name, dtype, shape, into: newArray(dtype, batch * shape.reduce((a, b) => a * b, 1)) };
    });
    const indices = Uint32Array.from({ length: batch }, (_, i) => (first + i) % length);
    this.data.read(indices, Object.fromEntries(made.map(({ name, into }) => [name, into])));
    return Object.fromEntries(
      made.map(({ name, dtype, shape, into }) => [name, Tensor.of(dtype, [batch, ...shape], into)]),
    );
  }
}

/** (F / mean(F) + 1) / 2. */
function weighted(squares: Float32Array): Float32Array {
  const mean = squares.reduce((a, b) => a + b, 0) / squares.length;
  return squares.map((square) => (mean > 0 ? (square / mean + 1) / 2 : 1));
}
