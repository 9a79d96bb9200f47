import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { STRETCH } from './rounding-variable.js';

/** Rows of a weight between the values of its grid, and what its rounding is judged by. */
export interface RoundingRows {
  readonly rows: number;
  readonly columns: number;
  /** lower neighbour - weight, [rows, columns]. */
  readonly offset: Float32Array;
  /** [rows, columns]; 0 for a weight that has one neighbour. */
  readonly gap: Float32Array;
  /** Mean of x xᵀ, [columns, columns], symmetric. */
  readonly second: Float32Array;
  /** [rows, columns]: W (M - C) where targets come from other inputs than the layer's; missing: 0. */
  readonly drift: Float32Array | undefined;
  /** Of each row's error: twice the factor that makes it comparable with the regulariser, [rows]. */
  readonly factor: Float32Array;
}

/**
 * The gradient by V [rows, columns] (input `variable`) of factor/2 (e M eᵀ + 2 e dᵀ) + strength sum(1 - |2h - 1|^beta), e = offset + gap h(V) a row; inputs
 * `beta` and `strength` are scalars. One matrix product, without the second one that differentiating e M eᵀ would give.
 */
export function roundingGradient(problem: RoundingRows): Model {
  const { rows, columns, factor } = problem;
  const g = new GraphBuilder('rounding-gradient');
  const constant = (data: Float32Array, dims: readonly number[]) =>
    g.graph.addInitializer(g.graph.uniqueName('constant'), Tensor.of('float32', dims, data));
  const number = (value: number) => constant(Float32Array.of(value), []);
  const [one, two] = [number(1), number(2)];
  const variable = g.input('variable', 'float32', [rows, columns]);
  const [beta, strength] = [g.input('beta', 'float32', []), g.input('strength', 'float32', [])];
  const gap = constant(problem.gap, [rows, columns]);
  const open = constant(
    problem.gap.map((width) => (width === 0 ? 0 : 1)),
    [rows, columns],
  );
  const mul = (a: Value, b: Value) => g.op('Mul', [a, b]);
  const { gamma, zeta } = STRETCH;
  const sigmoid = g.op('Sigmoid', [variable]);
  const stretched = g.op('Add', [mul(sigmoid, number(zeta - gamma)), number(gamma)]);
  const h = g.op('Clip', [stretched, number(0), one]);
  const inside = g.op('Cast', [g.op('Equal', [h, stretched])], { to: FLOAT });
  const slope = mul(mul(sigmoid, g.op('Sub', [one, sigmoid])), mul(inside, number(zeta - gamma)));
  const error = g.op('Add', [constant(problem.offset, [rows, columns]), mul(gap, h)]);
  const product = g.op('MatMul', [error, constant(problem.second, [columns, columns])]);
  const pulled = problem.drift ? g.op('Add', [product, constant(problem.drift, [rows, columns])]) : product;
  const byError = mul(mul(pulled, constant(factor, [rows, 1])), gap);
  const centred = g.op('Sub', [mul(h, two), one]);
  const power = g.op('Pow', [g.op('Abs', [centred]), g.op('Sub', [beta, one])]);
  // d(1 - |2h - 1|^beta) / dh = -2 beta |2h - 1|^(beta - 1) sign(2h - 1)
  const pull = mul(mul(power, g.op('Sign', [centred])), mul(open, mul(beta, mul(strength, two))));
  return g.output(mul(g.op('Sub', [byError, pull]), slope), 'gradient', 'float32', [rows, columns]).model();
}

/** TensorProto.DataType.FLOAT. */
const FLOAT = 1;
