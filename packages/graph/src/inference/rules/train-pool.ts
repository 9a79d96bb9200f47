import { requireRankFrom } from '../arguments.js';
import { defineRule } from '../rule.js';

const domain = 'gossamer.train';

/** dx has the shape of x, input 1. */
const maxPoolGrad = defineRule({
  op: 'MaxPoolGrad',
  domain,
  infer: (_, context) => context.setTensor(0, context.dtypeOf(0), requireRankFrom(context, 1, 3)),
});

/** dx [n, c, input_shape..] from dy [n, c, ..]. */
const averagePoolGrad = defineRule({
  op: 'AveragePoolGrad',
  domain,
  infer(node, context) {
    const dy = requireRankFrom(context, 0, 3);
    const sizes = node.ints('input_shape', []);
    if (dy && sizes.length !== dy.length - 2) {
      throw context.error('input_shape', `${dy.length - 2} sizes`, [...sizes]);
    }
    context.setTensor(0, context.dtypeOf(0), dy && [dy[0], dy[1], ...sizes]);
  },
});

/** Gradients of poolings. */
export const trainPoolRules = [maxPoolGrad, averagePoolGrad];
