import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { axisIn } from '../call.js';
import { FLOAT, type TfjsOperator } from '../operator.js';

const along = (op: string, compute: (tf: Tf, x: Tensor, axis: number) => Tensor): TfjsOperator => ({
  op,
  types: FLOAT,
  run(call) {
    const { tensor, layout } = call.any(0);
    const axis = axisIn(layout, tensor.rank, call.axis(call.node.int('axis', -1), tensor.rank));
    return { tensor: compute(call.tf, tensor, axis), layout };
  },
});

/** TensorFlow.js has both along the last axis only. */
export const softmaxOperators: readonly TfjsOperator[] = [
  along('Softmax', (tf, x, axis) => {
    if (axis === x.rank - 1) return tf.softmax(x);
    const powers = tf.exp(tf.sub(x, tf.max(x, axis, true)));
    return tf.div(powers, tf.sum(powers, axis, true));
  }),
  along('LogSoftmax', (tf, x, axis) => {
    const centred = tf.sub(x, tf.max(x, axis, true));
    return tf.sub(centred, tf.log(tf.sum(tf.exp(centred), axis, true)));
  }),
];
