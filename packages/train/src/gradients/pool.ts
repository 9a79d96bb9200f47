import type { Node } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { windowAttributes, windowOf } from '../emit/window.js';
import { defineGradient } from './gradient-rule.js';

/** The attributes of a pooling for its gradient, padding resolved. */
function poolAttributes(g: Emitter, node: Node) {
  const [input, output] = [node.inputs[0]!, node.outputs[0]!].map((value) => g.shape(value).slice(2));
  const window = windowOf(node, input!, output!);
  // Rounding up is in the resolved pads of auto_pad.
  const isResolved = node.string('auto_pad', 'NOTSET').startsWith('SAME');
  return {
    ...windowAttributes(window),
    kernel_shape: window.kernel,
    ceil_mode: isResolved ? 0 : node.int('ceil_mode', 0),
  };
}

export const maxPoolGradient = defineGradient({
  op: 'MaxPool',
  gradient: ({ g, node, x, y, dy }) => [g.call('MaxPoolGrad', [dy, x, y], poolAttributes(g, node))[0]],
});

export const averagePoolGradient = defineGradient({
  op: 'AveragePool',
  gradient: ({ g, node, x, dy }) => [
    g.call('AveragePoolGrad', [dy], {
      ...poolAttributes(g, node),
      count_include_pad: node.int('count_include_pad', 0),
      input_shape: g.shape(x).slice(2),
    })[0],
  ],
});

/** Every element has an equal share in the mean. */
export const globalAveragePoolGradient = defineGradient({
  op: 'GlobalAveragePool',
  gradient: ({ g, x, y, dy }) => [g.expand(g.scale(dy, g.size(y) / g.size(x)), g.shape(x))],
});
