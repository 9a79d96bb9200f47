import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import type { Call } from '../call.js';
import { ALL, BOOL, exactIntegers, FLOAT, NUMBERS, type TfjsOperator } from '../operator.js';

type Compute = (tf: Tf, x: Tensor, call: Call) => Tensor;

/** An operator that computes each element by itself. */
const unary = (op: string, compute: Compute, more: Partial<TfjsOperator> = {}): TfjsOperator => ({
  op,
  types: FLOAT,
  run(call) {
    const { tensor, layout } = call.any(0);
    return { tensor: compute(call.tf, tensor, call), layout };
  },
  ...more,
});

const number = ({ node }: Call, name: string, otherwise: number) => node.float(name, otherwise);

/** 0.5 (1 + erf(x / sqrt 2)) x, or its approximation by tanh. Source: Hendrycks and Gimpel, arXiv:1606.08415, section 2. */
function gelu(tf: Tf, x: Tensor, { node }: Call): Tensor {
  const half = tf.mul(x, 0.5);
  if (node.string('approximate', 'none') === 'none') return tf.mul(half, tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(half, tf.add(tf.tanh(inner), 1));
}

const hardSigmoid = (tf: Tf, x: Tensor, alpha: number, beta: number) =>
  tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1);

/** alpha (exp(x / scale) - 1) where x is not above 0. */
function elu(tf: Tf, x: Tensor, alpha: number, scale = 1): Tensor {
  // Above 0 the branch that is not taken must not overflow.
  const below = tf.minimum(x, 0);
  return tf.where(tf.greater(x, 0), x, tf.mul(tf.expm1(scale === 1 ? below : tf.div(below, scale)), alpha));
}

const EXACT = { types: NUMBERS, ...exactIntegers };

export const unaryOperators: readonly TfjsOperator[] = [
  unary('Abs', (tf, x) => tf.abs(x), EXACT),
  unary('Acos', (tf, x) => tf.acos(x)),
  unary('Acosh', (tf, x) => tf.acosh(x)),
  unary('Asin', (tf, x) => tf.asin(x)),
  unary('Asinh', (tf, x) => tf.asinh(x)),
  unary('Atan', (tf, x) => tf.atan(x)),
  unary('Atanh', (tf, x) => tf.atanh(x)),
  unary('Ceil', (tf, x) => tf.ceil(x)),
  unary('Celu', (tf, x, call) => elu(tf, x, number(call, 'alpha', 1), number(call, 'alpha', 1))),
  unary('Cos', (tf, x) => tf.cos(x)),
  unary('Cosh', (tf, x) => tf.cosh(x)),
  unary('Elu', (tf, x, call) => elu(tf, x, number(call, 'alpha', 1))),
  unary('Erf', (tf, x) => tf.erf(x)),
  unary('Exp', (tf, x) => tf.exp(x)),
  unary('Floor', (tf, x) => tf.floor(x)),
  unary('Gelu', gelu),
  unary('HardSigmoid', (tf, x, call) => hardSigmoid(tf, x, number(call, 'alpha', 0.2), number(call, 'beta', 0.5))),
  unary('HardSwish', (tf, x) => tf.mul(x, hardSigmoid(tf, x, 1 / 6, 0.5))),
  unary('Identity', (_, x) => x, { types: ALL }),
  unary('IsNaN', (tf, x) => tf.isNaN(x)),
  unary('LeakyRelu', (tf, x, call) => tf.leakyRelu(x, number(call, 'alpha', 0.01))),
  unary('Log', (tf, x) => tf.log(x)),
  unary('Mish', (tf, x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  unary('Neg', (tf, x) => tf.neg(x), EXACT),
  unary('Not', (tf, x) => tf.logicalNot(x), { types: BOOL }),
  unary('Reciprocal', (tf, x) => tf.reciprocal(x)),
  unary('Relu', (tf, x) => tf.relu(x), EXACT),
  // Half to even, in every backend.
  unary('Round', (tf, x) => tf.round(x)),
  unary('Selu', (tf, x, call) => {
    const [alpha, gamma] = [
      number(call, 'alpha', 1.67326319217681884765625),
      number(call, 'gamma', 1.05070102214813232421875),
    ];
    return tf.mul(elu(tf, x, alpha), gamma);
  }),
  unary('Sigmoid', (tf, x) => tf.sigmoid(x)),
  unary('Sign', (tf, x) => tf.sign(x), EXACT),
  unary('Sin', (tf, x) => tf.sin(x)),
  unary('Sinh', (tf, x) => tf.sinh(x)),
  unary('Softplus', (tf, x) => tf.softplus(x)),
  unary('Softsign', (tf, x) => tf.div(x, tf.add(tf.abs(x), 1))),
  unary('Sqrt', (tf, x) => tf.sqrt(x)),
  unary('Tan', (tf, x) => tf.tan(x)),
  unary('Tanh', (tf, x) => tf.tanh(x)),
  unary('ThresholdedRelu', (tf, x, call) => tf.where(tf.greater(x, number(call, 'alpha', 1)), x, tf.zerosLike(x))),
];
