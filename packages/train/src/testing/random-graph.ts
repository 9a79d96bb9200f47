import { attribute, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** Whole numbers from 0 to below `count`, the same for the same seed. */
export type Dice = (count: number) => number;

export function dice(seed: number): Dice {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** What a step is made of: the value it goes on from, and the ways to get others. */
interface Step {
  readonly g: Emitter;
  readonly roll: Dice;
  readonly x: Value;
  readonly shape: readonly number[];
  /** An axis of x. */
  readonly axis: number;
  /** An input of the graph, of numbers in [-1, 1]. */
  input(shape: readonly number[]): Value;
  one<T>(choices: readonly T[]): T;
}

const allOf = (shape: readonly number[]) => shape.map((_, axis) => axis);

/** |x| + 0.5. */
const positive = (g: Emitter, x: Value) => g.add(g.op('Abs', [x]), g.constant(0.5));

/** Steps by name; undefined where x has no shape for it. None makes large numbers of small ones, so that differences stay exact. */
const STEPS: Readonly<Record<string, (step: Step) => Value | undefined>> = {
  smooth: ({ g, x, one }) =>
    g.op(
      one(['Tanh', 'Sigmoid', 'Sin', 'Cos', 'Erf', 'Gelu', 'Softplus', 'Mish', 'Atan', 'Softsign', 'Asinh', 'Neg']),
      [x],
    ),

  cornered: ({ g, x, one }) =>
    g.op(one(['Relu', 'LeakyRelu', 'Abs', 'HardSwish', 'HardSigmoid', 'Elu', 'Round', 'Identity']), [x]),

  clipped: ({ g, x }) => g.op('Clip', [x, g.constant(-0.4), g.constant(0.6)]),

  bounded: ({ g, x, one }) =>
    g.op(one(['Exp', 'Tan', 'Sinh', 'Cosh', 'Asin', 'Atanh']), [g.scale(g.op('Tanh', [x]), 0.9)]),

  positive: ({ g, x, one }) => g.op(one(['Sqrt', 'Log', 'Reciprocal']), [positive(g, x)]),

  power: ({ g, x, one, roll, input, shape }) => {
    const base = positive(g, g.op('Tanh', [x]));
    return g.op('Pow', [base, roll(2) === 0 ? input([shape.at(-1)!]) : g.constant(one([2, 0.5, -1, 1.5, 3]))]);
  },

  binary: ({ g, x, one, input, shape, roll }) =>
    g.op(one(['Add', 'Sub', 'Mul', 'Max', 'Min', 'Sum', 'Mean']), [x, input(shape.slice(roll(shape.length)))]),

  quotient: ({ g, x, input, shape }) => g.div(input(shape), positive(g, x)),

  chosen: ({ g, x, input, shape }) => {
    const other = input(shape);
    return g.where(g.op('Greater', [x, other]), g.scale(x, 2), other);
  },

  product: ({ g, x, input, shape }) =>
    shape.length < 2 ? undefined : g.scale(g.matmul(x, input([shape.at(-1)!, 3])), 0.5),

  gemm: ({ g, x, input, shape }) =>
    shape.length === 2 ? g.op('Gemm', [x, input([2, shape[1]!]), input([2])], { transB: 1, alpha: 0.5 }) : undefined,

  einsum: ({ g, x, input, shape, one }) =>
    shape.length === 2
      ? g.scale(
          g.op('Einsum', [x, input([shape[1]!, 2])], { equation: one(['ij,jk->ki', 'ij,jk->ijk', 'ij,jk->ik']) }),
          0.5,
        )
      : undefined,

  reduced: ({ g, x, axis, one }) => {
    const op = one([
      'ReduceSum',
      'ReduceMean',
      'ReduceMax',
      'ReduceMin',
      'ReduceL1',
      'ReduceLogSumExp',
      'ReduceSumSquare',
    ]);
    return g.sub(x, g.scale(g.op(op, [x, g.int64([axis])], { keepdims: 1 }), 0.25));
  },

  multiplied: ({ g, x, axis, one }) => {
    const op = one(['ReduceProd', 'ReduceL2', 'ReduceLogSum']);
    return g.mul(g.op('Tanh', [x]), g.op(op, [positive(g, g.op('Tanh', [x])), g.int64([axis])], { keepdims: 1 }));
  },

  softmax: ({ g, x, axis, one }) => g.op(one(['Softmax', 'LogSoftmax']), [x], { axis }),

  layerNorm: ({ g, x, axis, input, shape }) => {
    const inner = shape.slice(axis);
    const attributes = { axis, epsilon: attribute.float(0.1) };
    return g.op('LayerNormalization', [x, input(inner), input(inner)], attributes);
  },

  batchNorm: ({ g, x, input, shape, one }) => {
    if (shape.length < 2) return undefined;
    const inputs = [x, input([shape[1]!]), input([shape[1]!])];
    const activation = one(['none', 'relu']);
    return g.call('BatchNormTrain', inputs, { epsilon: attribute.float(0.1), activation }, 4)[0]!;
  },

  transposed: ({ g, x, shape, roll }) => {
    const turn = roll(shape.length);
    return g.transpose(x, [...allOf(shape).slice(turn), ...allOf(shape).slice(0, turn)]);
  },

  reshaped: ({ g, x, shape }) =>
    shape.length > 2 ? g.reshape(x, [shape[0]! * shape[1]!, ...shape.slice(2)]) : g.op('Unsqueeze', [x, g.int64([0])]),

  sliced: ({ g, x, axis, shape, one }) =>
    shape[axis]! > 2 ? g.slice(x, [axis], [one([0, 1])], [shape[axis]!], [one([1, 2])]) : undefined,

  joined: ({ g, x, axis, input, shape }) => g.concat([x, input(shape)], axis),

  padded: ({ g, x, shape }) => g.pad(x, [...shape.map(() => 0), ...shape.map((_, i) => (i === 0 ? 0 : 1))]),

  gathered: ({ g, x, axis }) => g.op('Gather', [x, g.int64([0, -1, 0])], { axis }),

  summedUp: ({ g, x, axis, one }) =>
    g.scale(g.op('CumSum', [x, g.int64(axis)], { exclusive: one([0, 1]), reverse: one([0, 1]) }), 0.5),

  triangle: ({ g, x, shape, one }) => (shape.length < 2 ? undefined : g.op('Trilu', [x], { upper: one([0, 1]) })),

  convolved: ({ g, x, input, shape }) =>
    shape.length === 3
      ? g.scale(g.op('Conv', [x, input([2, shape[1]!, 3]), input([2])], { pads: [1, 1] }), 0.5)
      : undefined,

  pooled: ({ g, x, shape, one }) =>
    shape.length === 3 && shape[2]! > 1
      ? g.op(one(['MaxPool', 'AveragePool']), [x], { kernel_shape: [2], strides: [one([1, 2])] })
      : undefined,
};

/** Names of all steps. */
export const stepNames: readonly string[] = Object.keys(STEPS);

/** Above this size a value is sliced before the next step. */
const MAX_SIZE = 40;

/**
 * Emits a graph of `length` random steps from an input on; later steps may go on from any value so far. Returns the last, plus an earlier one
 * in the mean. `used` collects the names of the steps.
 */
export function randomGraph(g: Emitter, roll: Dice, length: number, used: Set<string>): Value {
  let inputs = 0;
  const input = (shape: readonly number[]) => g.input(`x${inputs++}`, 'float32', shape);
  const one = <T>(choices: readonly T[]): T => choices[roll(choices.length)]!;
  const values = [
    input(
      one([
        [2, 3],
        [3, 4],
        [2, 3, 4],
        [4, 2, 3],
        [2, 2, 2, 2],
      ]),
    ),
  ];
  while (values.length <= length) {
    const from = roll(3) === 0 ? one(values) : values.at(-1)!;
    const x = g.size(from) <= MAX_SIZE ? from : g.mean(from, [0], 0);
    const shape = g.shape(x);
    if (shape.length === 0) break;
    const name = one(stepNames);
    const made = STEPS[name]!({ g, roll, x, shape, axis: roll(shape.length), input, one });
    if (!made) continue;
    used.add(name);
    values.push(made);
  }
  const earlier = one(values);
  return g.add(values.at(-1)!, g.mean(earlier, allOf(g.shape(earlier))));
}
