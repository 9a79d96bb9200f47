import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { copyGraph } from '../emit/copy-graph.js';
import { randomInput, randomNameOf } from '../form/random-input.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';
import { badOption } from '../require-option.js';
import { logAlpha } from './log-alpha.js';

/** Of log variances as they begin. Source: the authors' code. */
const FIRST = -10;
/** Keeps the root's gradient finite where all inputs are 0. */
const TINY = 1e-8;

/** Name of the parameter that holds the log variance of each element of a weight. */
export const logVarianceName = (weight: string): string => `log-variance/${weight}`;

/** Weights with noise of their own. */
export interface VariationalOptions {
  /** Names of parameters that products and convolutions read as they are. */
  readonly weights: readonly string[];
  /** log alpha from which on a weight counts as 0, in evaluation. */
  readonly threshold: number;
}

/**
 * A form in which weights are normal numbers N(w, variance) with a trained variance, sampled by local reparameterisation: a product of mean m(x, w) has the variance m(x², variance), and it is its
 * results that get noise, new for each sample. In evaluation weights are their means, 0 where log alpha = log(variance / w²) is above the threshold.
 *
 * Source: Molchanov, Ashukha and Vetrov, "Variational Dropout Sparsifies Deep Neural Networks" (arXiv:1701.05369), sections 4.1 and 4.3 (the additive parameterisation); Kingma et al. (arXiv:1506.02557). Throws
 * ERR_TRAIN_OPTIONS for a weight that something else reads.
 */
export function insertVariational(
  form: TrainingForm,
  { weights, threshold }: VariationalOptions,
  isTraining = true,
): TrainingForm {
  const known = new Map(form.parameters.map((parameter) => [parameter.name, parameter]));
  const added: Parameter[] = [];
  const random = [...form.random];
  const variances = new Map<string, Value>();
  const { g, made } = copyGraph(
    form.model,
    (emitter, node, inputs) => {
      const name = node.inputs[1]?.name ?? '';
      if (!isTraining || !variances.has(name)) return undefined;
      const [x, weight] = inputs;
      const alpha = logAlpha(emitter, weight!, variances.get(name)!);
      const variance = emitter.mul(emitter.op('Exp', [alpha]), emitter.mul(weight!, weight!));
      const mean = emitter.op(node.op, inputs, attributesOf(node));
      const spread = emitter.op(node.op, [emitter.mul(x!, x!), variance], squared(node));
      const own = randomNameOf(emitter, node);
      const shape = emitter.shape(mean);
      const noise = ['radius', 'angle'].map((part) => {
        const input = randomInput(emitter, `${own}/${part}`, shape);
        random.push({ name: input.name, shape });
        return input;
      }) as [Value, Value];
      return [noisy(emitter, mean, spread, noise)];
    },
    (emitter, value) => {
      if (!weights.includes(value.name)) return value;
      const { initial } = known.get(value.name) ?? badOption('weights', 'names of trained parameters', value.name);
      requireReaders(form, value.name);
      const name = logVarianceName(value.name);
      const variance = emitter.input(name, 'float32', initial.dims);
      variances.set(value.name, variance);
      const first = new Float32Array(initial.length).fill(FIRST);
      added.push({ name, role: 'bias', initial: Tensor.of('float32', initial.dims, first), isAdded: true });
      if (isTraining) return value;
      const isOut = emitter.op('Greater', [logAlpha(emitter, value, variance), emitter.constant(threshold)]);
      return emitter.where(isOut, emitter.constant(0), value);
    },
  );
  const missing = weights.find((name) => !variances.has(name));
  if (missing !== undefined || weights.length === 0)
    badOption('weights', 'names of trained parameters', missing ?? 'none');
  for (const output of form.model.graph.outputs) g.output(made.get(output)!, output.name);
  return { ...form, model: g.model, random, parameters: [...form.parameters, ...added] };
}

/** mean + sqrt(variance) times a normal number, of two uniform ones in [0, 1) (Box and Muller). */
export function noisy(g: Emitter, mean: Value, variance: Value, [radius, angle]: readonly [Value, Value]): Value {
  const length = g.op('Sqrt', [g.scale(g.op('Log', [g.sub(g.constant(1), radius)]), -2)]);
  const normal = g.mul(length, g.op('Cos', [g.scale(angle, 2 * Math.PI)]));
  return g.add(mean, g.mul(g.op('Sqrt', [g.add(variance, g.constant(TINY))]), normal));
}

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

function requireReaders({ model }: TrainingForm, name: string): void {
  const other = model.graph.value(name)!.uses.find(({ node, index }) => !PRODUCTS.has(node.op) || index !== 1);
  if (other) badOption(`weights ${name}`, 'one that products and convolutions alone read', other.node.op);
}

const attributesOf = ({ attributes }: Node): Attributes =>
  Object.fromEntries([...attributes].map(([key, { content }]) => [key, content]));

/** Attributes of the product of squares, which has no bias. */
function squared(node: Node): Attributes {
  const own = attributesOf(node);
  return node.op === 'Gemm' ? { ...own, alpha: attribute.float(node.float('alpha', 1) ** 2) } : own;
}
