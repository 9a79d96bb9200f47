import { multiplyDims } from '../../ir/dim.js';
import { normaliseAxis, requireRankFrom } from '../arguments.js';
import { defineRule } from '../rule.js';

const domain = 'gossamer.train';

/** dx [n, c, input_shape..] from dy [n, o, ..] and w [o, c / group, ..]. */
const convGradInput = defineRule({
  op: 'ConvGradInput',
  domain,
  infer(node, context) {
    const [dy, w] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
    const sizes = node.ints('input_shape', []);
    if (dy && sizes.length !== dy.length - 2) {
      throw context.error('input_shape', `${dy.length - 2} sizes`, [...sizes]);
    }
    context.setTensor(0, context.dtypeOf(0), [dy?.[0], multiplyDims(w?.[1], node.int('group', 1)), ...sizes]);
  },
});

/** dw [o, c / group, kernel_shape..] from x [n, c, ..] and dy [n, o, ..]. */
const convGradWeight = defineRule({
  op: 'ConvGradWeight',
  domain,
  infer(node, context) {
    const [x, dy] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
    const [kernel, group] = [node.ints('kernel_shape', []), node.int('group', 1)];
    if (x && kernel.length !== x.length - 2) {
      throw context.error('kernel_shape', `${x.length - 2} sizes`, [...kernel]);
    }
    const channels = x?.[1];
    if (typeof channels === 'number' && channels % group !== 0) {
      throw context.error('group', `a divisor of ${channels} channels`, group);
    }
    const depth = typeof channels === 'number' ? channels / group : undefined;
    context.setTensor(0, context.dtypeOf(0), [dy?.[1], depth, ...kernel]);
  },
});

/** db [size of axis]: dy summed over all other axes. */
const biasGrad = defineRule({
  op: 'BiasGrad',
  domain,
  infer(node, context) {
    const dy = context.shapeOf(0);
    const axis = dy && normaliseAxis(context, node.int('axis', 1), dy.length);
    context.setTensor(0, context.dtypeOf(0), [axis === undefined ? undefined : dy?.[axis]]);
  },
});

/** Gradients of convolutions. */
export const trainConvRules = [convGradInput, convGradWeight, biasGrad];
