import { defineRule } from '../rule.js';

/** Tensors an optimiser takes of each kind: weights, gradients, then its state. */
const KINDS: Readonly<Record<string, number>> = { Adagrad: 3, Momentum: 3, Adam: 4 };

/** Optimiser steps: inputs R, T, then n weights, n gradients, states; outputs the weights and states. */
export const trainingRule = defineRule({
  op: Object.keys(KINDS),
  domain: 'ai.onnx.preview.training',
  infer(node, context) {
    const kinds = KINDS[node.op]!;
    const count = (node.inputs.length - 2) / kinds;
    if (!Number.isInteger(count)) throw context.error('inputs', `2 and a multiple of ${kinds}`, node.inputs.length);
    node.outputs.forEach((_, output) => {
      // Gradients have no output.
      const input = output < count ? output : output + count;
      context.set(output, context.typeOf(2 + input));
    });
  },
});
