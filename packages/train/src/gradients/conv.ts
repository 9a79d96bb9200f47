import { windowAttributes, windowOf } from '../emit/window.js';
import { defineGradient } from './gradient-rule.js';

/** Registered functions, for which an engine has kernels. */
export const convGradient = defineGradient({
  op: 'Conv',
  gradient({ g, node, inputs, x, y, dy, needs }) {
    const [, w, bias] = inputs;
    const [input, kernel] = [g.shape(x).slice(2), g.shape(w!).slice(2)];
    const window = windowAttributes(windowOf(node, input, g.shape(y).slice(2), kernel));
    const group = node.int('group', 1);
    return [
      needs(0) ? g.call('ConvGradInput', [dy, w], { ...window, group, input_shape: input })[0] : undefined,
      needs(1) ? g.call('ConvGradWeight', [x, dy], { ...window, group, kernel_shape: kernel })[0] : undefined,
      bias && needs(2) ? g.call('BiasGrad', [dy], { axis: 1 })[0] : undefined,
    ];
  },
});
