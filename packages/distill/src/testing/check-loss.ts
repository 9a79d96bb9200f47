import { Graph, Model, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate, Emitter, expandFunctions, type Loss, type LossContext } from '@gossamer/train';
import { teacherName } from '../losses/teacher-input.js';

/** Numbers of a tensor, row-major. */
export interface Given {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a loss is asked about. The first value of the student is its output. */
export interface LossCase {
  readonly student: Readonly<Record<string, Given>>;
  /** By the names in the teacher. */
  readonly teacher: Readonly<Record<string, Given>>;
  readonly labels?: readonly number[];
  /** Default: one axis. */
  readonly labelsShape?: readonly number[];
  /** Default: 1 for every sample. */
  readonly weights?: readonly number[];
  /** Default 'float64'. */
  readonly precision?: 'float32' | 'float64';
}

export interface LossOutcome {
  readonly value: number;
  /** By each value of the student, and by each parameter of the loss. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** Parameters of the loss, as they begin. */
  readonly parameters: Readonly<Record<string, Given>>;
}

/** `count` seeded numbers in [-range, range]. */
export function numbers(count: number, seed: number, range = 1): number[] {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state / 2 ** 32) * 2 - 1) * range;
  });
}

/** A tensor of seeded numbers. */
export const given = (shape: readonly number[], seed: number, range = 1): Given => ({
  shape,
  data: numbers(
    shape.reduce((a, b) => a * b, 1),
    seed,
    range,
  ),
});

/** The loss and its gradients, computed by the reference evaluator. */
export function evaluateLoss(loss: Loss, asked: LossCase): LossOutcome {
  return prepare(loss, asked).outcome;
}

/**
 * Holds the gradients to central differences in float64. With the step 1e-5 these are within f''' h^2 / 6 + (rounding of f) / h, below 1e-7 of
 * the largest gradient + 1e-8 for losses of magnitude 1 to 100 whose third derivative is below 1000.
 */
export function checkLossGradient(loss: Loss, asked: LossCase): void {
  const { outcome, lossAt, wrt } = prepare(loss, asked);
  const h = 1e-5;
  for (const [name, { data }] of Object.entries(wrt)) {
    const expected = data.map((x, i) => {
      const at = (moved: number) => lossAt(name, data.with(i, moved));
      return (at(x + h) - at(x - h)) / (2 * h);
    });
    const largest = Math.max(...expected.map(Math.abs));
    outcome.gradients[name]!.forEach((received, i) => {
      if (Math.abs(received - expected[i]!) <= 1e-7 * largest + 1e-8) return;
      throw new Error(`${loss.name}, gradient of ${name}[${i}]: expected ${expected[i]}, received ${received}`);
    });
  }
}

function prepare(loss: Loss, asked: LossCase) {
  const { student, teacher, labels, precision = 'float64' } = asked;
  const [first] = Object.entries(student) as [[string, Given], ...[string, Given][]];
  const batch = first[1].shape[0]!;
  const opsets = new Map([
    ['', 21],
    ['gossamer.train', 1],
  ]);
  const g = new Emitter(new Model({ irVersion: 10, opsets, graph: new Graph('loss') }));
  const values = new Map<string, Value>();
  for (const [name, { shape }] of Object.entries(student)) values.set(name, g.input(name, 'float32', shape));
  const parameters: Record<string, Given> = {};
  const context: LossContext = {
    g,
    batch,
    sampleWeights: g.input('sample_weights', 'float32', [batch]),
    outputs: [first[0]],
    output: (name = first[0]) => values.get(name)!,
    value: (name) => values.get(name)!,
    input: (name, dtype, shape) => g.graph.value(name) ?? g.input(name, dtype, shape),
    parameter(name, initial) {
      parameters[name] = { shape: initial.dims, data: [...initial.toFloat32()] };
      return g.input(name, 'float32', initial.dims);
    },
  };
  g.output(loss.build(context), 'loss');
  const wrt = { ...student, ...parameters };
  const { model, gradients } = differentiate(g.model, { loss: 'loss', wrt: Object.keys(wrt) });
  const [forward, both] = [expandFunctions(g.model), expandFunctions(model)];
  const tensor = ({ shape, data }: Given) => Tensor.fromNumbers(precision, shape, data);
  const all: Record<string, Tensor> = {
    sample_weights: tensor({ shape: [batch], data: asked.weights ?? Array.from({ length: batch }, () => 1) }),
  };
  for (const [name, item] of Object.entries(wrt)) all[name] = tensor(item);
  for (const [name, item] of Object.entries(teacher)) all[teacherName(name)] = tensor(item);
  if (labels) all['labels'] = Tensor.fromNumbers('int64', asked.labelsShape ?? [labels.length], labels);
  const feeds = Object.fromEntries(g.graph.inputs.map(({ name }) => [name, all[name]!]));
  const results = evaluate(both, feeds, { precision });
  const outcome: LossOutcome = {
    value: results['loss']!.toFloat64()[0]!,
    gradients: Object.fromEntries([...gradients].map(([name, output]) => [name, [...results[output]!.toFloat64()]])),
    parameters,
  };
  const lossAt = (name: string, data: readonly number[]) =>
    evaluate(forward, { ...feeds, [name]: tensor({ shape: wrt[name]!.shape, data }) }, { precision })[
      'loss'
    ]!.toFloat64()[0]!;
  return { outcome, lossAt, wrt };
}
