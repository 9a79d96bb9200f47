import { type Model, Tensor } from '@gossamer/graph';
import { type Dataset, newArray, openTrainingSession, toTrainingForm, type TrainingSession } from '@gossamer/train';

/** A model's mean cross-entropy on fixed samples, as its weights are changed: weights are inputs of one open session. */
export class WeightLosses {
  private constructor(
    private readonly session: TrainingSession,
    private readonly batches: readonly { readonly feeds: Record<string, Tensor>; readonly labels: BigInt64Array }[],
    private readonly weights: Readonly<Record<string, Tensor>>,
  ) {}

  /** `dataset` has a multiple of `batch` samples. */
  static async open(model: Model, dataset: Dataset, batch: number): Promise<WeightLosses> {
    const form = toTrainingForm(model, { mode: 'evaluate', batchNorm: 'frozen', batch });
    const batches = Array.from({ length: dataset.length / batch }, (_, at) => {
      const indices = Uint32Array.from({ length: batch }, (_, i) => at * batch + i);
      const made = [...form.inputs, 'labels'].map((name) => {
        const { dtype, shape } = dataset.arrays.get(name)!;
        const data = newArray(dtype, batch * shape.reduce((a, b) => a * b, 1));
        return { name, data, tensor: Tensor.of(dtype, [batch, ...shape], data) };
      });
      dataset.read(indices, Object.fromEntries(made.map(({ name, data }) => [name, data])));
      const labels = made.pop()!.data as BigInt64Array;
      return { feeds: Object.fromEntries(made.map(({ name, tensor }) => [name, tensor])), labels };
    });
    const session = await openTrainingSession(form.model, { threads: 1 });
    const weights = Object.fromEntries(form.parameters.map(({ name, initial }) => [name, initial]));
    return new WeightLosses(session, batches, weights);
  }

  /** The loss without the elements at `places` of the stored tensor `name`. */
  async without(name: string, places: readonly number[]): Promise<number> {
    const tensor = this.weights[name]!;
    const data = tensor.toFloat32().slice();
    for (const place of places) data[place] = 0;
    return this.#loss({ ...this.weights, [name]: Tensor.of('float32', tensor.dims, data) });
  }

  whole(): Promise<number> {
    return this.#loss(this.weights);
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }

  async #loss(weights: Readonly<Record<string, Tensor>>): Promise<number> {
    let [sum, count] = [0, 0];
    for (const { feeds, labels } of this.batches) {
      const [logits] = Object.values(await this.session.run({ ...weights, ...feeds }));
      const scores = logits!.toFloat32();
      const classes = logits!.dims.at(-1)!;
      labels.forEach((label, row) => {
        const own = scores.subarray(row * classes, (row + 1) * classes);
        const top = own.reduce((a, b) => Math.max(a, b));
        sum += Math.log(own.reduce((total, score) => total + Math.exp(score - top), 0)) + top - own[Number(label)]!;
      });
      count += labels.length;
    }
    return sum / count;
  }
}
