import { type Model, Tensor, type Value } from '@gossamer/graph';
import { type DataSource, type Feeds, float32View, logitsOutput, modelInputs, Session } from '@gossamer/runtime';
import {
  collectDataset,
  ComposedForm,
  type Dataset,
  differentiate,
  newArray,
  openTrainingSession,
  toTrainingForm,
  type TrainingForm,
} from '@gossamer/train';
import { badOption } from '../errors.js';
import { fisherProbe, rademacher } from '../fisher-probe.js';

export interface TraceOptions {
  /** Random vectors a batch. Default 4. */
  readonly draws?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Samples of a run at most. */
const MOST_BATCH = 16;
const PROBE = 'trace/probe';
const PROBED = 'trace/probed';

/**
 * Trace of the Hessian, by each of the weights called `names`, of what the model's outputs lose: the mean KL to its own distribution over classes where it has logits, else the
 * squared change of the first output over its square. At the float weights that Hessian is J^T A J, J the outputs' derivative and A their loss's own Hessian, without labels.
 * Hutchinson's estimator: the mean of |J^T u|^2, u = A^(1/2) eps with eps = +-1 independent for all rows of a batch, so that cross terms vanish in the mean. Unbiased; one backward pass a batch
 * and draw.
 *
 * Sources: Dong et al., "HAWQ-V2", NeurIPS 2020 (arXiv:1911.03852), section 3.2; Martens, "New Insights and Perspectives on the Natural Gradient Method", 2020 (arXiv:1412.1193), section 9.
 * Throws ERR_QUANTIZE_OPTION for a weight that training does not see as a parameter.
 */
export async function hessianTraces(
  model: Model,
  names: readonly string[],
  data: DataSource,
  { draws = 4, seed = 0, threads, signal }: TraceOptions = {},
): Promise<Map<string, number>> {
  const dataset = await collectDataset(data, { inputs: modelInputs(model), ...(signal ? { signal } : {}) });
  const fixed = model.graph.inputs.find(({ initializer }) => !initializer)?.type;
  const first = fixed?.kind === 'tensor' ? fixed.shape?.[0] : undefined;
  const batch = typeof first === 'number' ? first : largestDivisor(dataset.length);
  const form = toTrainingForm(model, { batch, mode: 'evaluate', batchNorm: 'frozen' });
  const logits = logitsOutput(model);
  const scores = logits ?? form.outputs[0]!;
  const { graph, gradients } = gradientGraph(form, scores, names);
  const parameters = Object.fromEntries(form.parameters.map(({ name, initial }) => [name, initial]));
  const options = { ...(threads === undefined ? {} : { threads }) };
  const forward = await Session.open(exposed(model, scores), options);
  const backward = await openTrainingSession(graph, options);
  const sums = new Map(names.map((name) => [name, 0]));
  let [weight, offset] = [0, 0];
  try {
    for (let at = 0; at < dataset.length; at += batch) {
      const feeds = read(dataset, form, at, batch);
      const z = (await forward.run(feeds, { outputs: [scores] }))[scores]!;
      const rows = z.length / (z.dims.at(-1) ?? 1);
      weight += draws * (logits === undefined ? power(float32View(z)) / 2 : rows);
      for (let draw = 0; draw < draws; draw++, offset += z.length) {
        signal?.throwIfAborted();
        const how = { seed, offset };
        const probe =
          logits === undefined ? Tensor.of('float32', z.dims, rademacher(z.length, how)) : fisherProbe(z, how);
        const outputs = await backward.run({ ...feeds, ...parameters, [PROBE]: probe });
        for (const [name, output] of gradients) sums.set(name, sums.get(name)! + power(float32View(outputs[output]!)));
      }
    }
  } finally {
    await forward.dispose();
    await backward.dispose();
  }
  return new Map([...sums].map(([name, sum]) => [name, weight > 0 ? sum / weight : 0]));
}

const power = (values: Float32Array): number => {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
};

function largestDivisor(length: number): number {
  let batch = Math.min(MOST_BATCH, length);
  while (length % batch !== 0) batch--;
  return batch;
}

function exposed(model: Model, name: string): Model {
  const copy = model.clone();
  const value = copy.graph.value(name)!;
  if (!value.isOutput) copy.graph.addOutput(value);
  return copy;
}

/** The sum of the probe times the scores, differentiated by the weights. */
function gradientGraph(form: TrainingForm, scores: string, names: readonly string[]) {
  const composed = new ComposedForm('trace');
  const { g } = composed;
  const inputs = form.inputs.map((name) => {
    const type = form.model.graph.value(name)!.type;
    if (type?.kind !== 'tensor') throw new Error(`input ${name}: expected a tensor, as the training form has them`);
    return g.input(name, type.dtype!, type.shape as readonly number[]);
  });
  const readValue = composed.embed(form, inputs, { state: 'fed' });
  const known = new Set(form.parameters.map(({ name }) => name));
  const stranger = names.find((name) => !known.has(name));
  if (stranger !== undefined)
    badOption('sensitivity', `divergence or sqnr for weight ${stranger}, which is no parameter`, 'hutchinson');
  const weights = names.map((name): [string, Value] => [name, readValue(name)]);
  const z = readValue(scores);
  const product = g.mul(g.input(PROBE, 'float32', g.shape(z)), z);
  const axes = g.shape(product).map((_, axis) => axis);
  const { model } = composed.finish({ [PROBED]: g.sum(product, axes) });
  const made = differentiate(model, { loss: PROBED, wrt: weights.map(([, value]) => value.name) });
  const gradients = weights.map(([name, value]) => [name, made.gradients.get(value.name)!] as const);
  return { graph: made.model, gradients };
}

function read({ arrays, length, read: fill }: Dataset, form: TrainingForm, first: number, batch: number): Feeds {
  const made = form.inputs.map((name) => {
    const { dtype, shape } = arrays.get(name)!;
    return { name, dtype, shape, into: newArray(dtype, batch * shape.reduce((a, b) => a * b, 1)) };
  });
  const indices = Uint32Array.from({ length: batch }, (_, i) => (first + i) % length);
  fill(indices, Object.fromEntries(made.map(({ name, into }) => [name, into])));
  return Object.fromEntries(
    made.map(({ name, dtype, shape, into }) => [name, Tensor.of(dtype, [batch, ...shape], into)]),
  );
}
