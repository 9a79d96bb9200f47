import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { ALL, BOOL, exactIntegers, FLOAT, INTEGERS, NUMBERS, type TfjsOperator } from '../operator.js';

/** An operator over inputs that broadcast; more than two are taken from the left. */
const broadcasting = (
  op: string,
  compute: (tf: Tf, a: Tensor, b: Tensor) => Tensor,
  more: Partial<TfjsOperator> = {},
): TfjsOperator => ({
  op,
  types: NUMBERS,
  ...exactIntegers,
  run(call) {
    const { tensors, layout } = call.aligned();
    return { tensor: tensors.reduce((a, b) => compute(call.tf, a, b)), layout };
  },
  ...more,
});

const comparing = (op: string, compute: (tf: Tf, a: Tensor, b: Tensor) => Tensor, types = NUMBERS) =>
  broadcasting(op, compute, { types, isExact: () => false });

const logical = (op: string, compute: (tf: Tf, a: Tensor, b: Tensor) => Tensor) => comparing(op, compute, BOOL);

export const binaryOperators: readonly TfjsOperator[] = [
  broadcasting('Add', (tf, a, b) => tf.add(a, b)),
  broadcasting('Sub', (tf, a, b) => tf.sub(a, b)),
  broadcasting('Mul', (tf, a, b) => tf.mul(a, b)),
  broadcasting('Div', (tf, a, b) => tf.div(a, b)),
  broadcasting('Pow', (tf, a, b) => tf.pow(a, tf.cast(b, 'float32'))),
  broadcasting('Max', (tf, a, b) => tf.maximum(a, b)),
  broadcasting('Min', (tf, a, b) => tf.minimum(a, b)),
  // Of floats the standard has none without fmod, and a quotient rounded to float32 gives a wrong one.
  broadcasting('Mod', (tf, a, b) => tf.mod(a, b), { types: INTEGERS }),
  broadcasting('Sum', (tf, a, b) => tf.add(a, b), { types: FLOAT }),
  {
    ...broadcasting('Mean', (tf, a, b) => tf.add(a, b)),
    types: FLOAT,
    run(call) {
      const { tensors, layout } = call.aligned();
      return {
        tensor: call.tf.div(
          tensors.reduce((a, b) => call.tf.add(a, b)),
          tensors.length,
        ),
        layout,
      };
    },
  },
  broadcasting('PRelu', (tf, x, slope) => tf.where(tf.less(x, 0), tf.mul(x, slope), x), { types: FLOAT }),
  comparing('Equal', (tf, a, b) => tf.equal(a, b), ALL),
  comparing('Greater', (tf, a, b) => tf.greater(a, b)),
  comparing('GreaterOrEqual', (tf, a, b) => tf.greaterEqual(a, b)),
  comparing('Less', (tf, a, b) => tf.less(a, b)),
  comparing('LessOrEqual', (tf, a, b) => tf.lessEqual(a, b)),
  logical('And', (tf, a, b) => tf.logicalAnd(a, b)),
  logical('Or', (tf, a, b) => tf.logicalOr(a, b)),
  logical('Xor', (tf, a, b) => tf.logicalXor(a, b)),
  {
    op: 'Where',
    types: ALL,
    data: 1,
    run(call) {
      const { tensors, layout } = call.aligned();
      const [condition, a, b] = tensors as [Tensor, Tensor, Tensor];
      return { tensor: call.tf.where(condition, a, b), layout };
    },
  },
  {
    op: 'Clip',
    types: NUMBERS,
    ...exactIntegers,
    run(call) {
      const { tensor, layout } = call.any(0);
      const low = call.optional(1);
      const high = call.optional(2);
      const raised = low ? call.tf.maximum(tensor, low) : tensor;
      return { tensor: high ? call.tf.minimum(raised, high) : raised, layout };
    },
  },
];
