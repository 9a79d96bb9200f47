import { attribute, GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineLowering } from './lowering.js';

type Form = (g: Emitter, x: Value, node: Node) => Value;

const number = (g: Emitter, like: Value, value: number): Value => g.constant(value, g.dtype(like));

const FORMS: Readonly<Record<string, Form>> = {
  // gamma * Elu(x, alpha).
  Selu(g, x, node) {
    const alpha = attribute.float(node.float('alpha', Math.fround(1.67326319217681884765625)));
    return g.scale(g.op('Elu', [x], { alpha }), node.float('gamma', Math.fround(1.05070102214813232421875)));
  },

  // alpha * Elu(x / alpha).
  Celu(g, x, node) {
    const alpha = node.float('alpha', 1);
    if (!(alpha > 0)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAINING_FORM',
        `node ${node.id}: alpha of Celu: expected a number > 0, received ${alpha}`,
      );
    }
    return g.scale(g.op('Elu', [g.scale(x, 1 / alpha)]), alpha);
  },

  ThresholdedRelu(g, x, node) {
    const above = g.op('Greater', [x, number(g, x, node.float('alpha', 1))]);
    return g.where(above, x, number(g, x, 0));
  },

  Shrink(g, x, node) {
    const [bias, lambda] = [number(g, x, node.float('bias', 0)), node.float('lambd', 0.5)];
    const below = g.op('Less', [x, number(g, x, -lambda)]);
    const above = g.op('Greater', [x, number(g, x, lambda)]);
    return g.where(below, g.add(x, bias), g.where(above, g.sub(x, bias), number(g, x, 0)));
  },

  Swish: (g, x, node) => g.mul(x, g.op('Sigmoid', [g.scale(x, node.float('alpha', 1))])),
};

/** Activations that are others, or few simple operators. */
export const activationLowering = defineLowering({
  op: Object.keys(FORMS),
  lower: (g, node, inputs) => [FORMS[node.op]!(g, inputs[0]!, node)],
});

/** x where it is not negative, x * slope elsewhere; the slope broadcasts. */
export const preluLowering = defineLowering({
  op: 'PRelu',
  lower(g, _, inputs) {
    const [x, slope] = inputs as [Value, Value];
    return [g.where(g.op('Less', [x, number(g, x, 0)]), g.mul(x, slope), x)];
  },
});

/** The first input through Swish, times the second. */
export const swigluLowering = defineLowering({
  op: 'SwiGLU',
  lower(g, node, inputs) {
    const [gate, x] = inputs as [Value, Value];
    return [g.mul(FORMS['Swish']!(g, gate, node), x)];
  },
});
