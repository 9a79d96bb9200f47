import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineFunction } from './train-function.js';

/** What a body works with: the gradient of the result, the argument or the result (v), the parameters. */
interface Slope {
  readonly g: Emitter;
  readonly node: Node;
  readonly dy: Value;
  readonly v: Value;
  /** A constant of the element type. */
  number(value: number): Value;
}

/** dy where `condition` holds, 0 elsewhere: also where dy is infinite. */
const pass = ({ g, dy, number }: Slope, condition: Value): Value => g.where(condition, dy, number(0));

/** sqrt(2 / pi) and the cubic term of GELU's approximation. Source: Hendrycks, Gimpel 2016 (arXiv:1606.08415), section 2. */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;

const BODIES: Readonly<Record<string, (call: Slope) => Value>> = {
  relu: (call) => pass(call, call.g.op('Greater', [call.v, call.number(0)])),

  clip(call) {
    const { g, node, v, number } = call;
    const from = g.op('GreaterOrEqual', [v, number(node.float('activation_alpha', -Infinity))]);
    const to = g.op('LessOrEqual', [v, number(node.float('activation_beta', Infinity))]);
    return pass(call, g.op('And', [from, to]));
  },

  leaky({ g, node, dy, v, number }) {
    const alpha = node.float('activation_alpha', Math.fround(0.01));
    return g.where(g.op('Greater', [v, number(0)]), dy, g.scale(dy, alpha));
  },

  sigmoid: ({ g, dy, v, number }) => g.mul(dy, g.mul(v, g.sub(number(1), v))),

  tanh: ({ g, dy, v, number }) => g.mul(dy, g.sub(number(1), g.mul(v, v))),

  gelu({ g, dy, v, number }) {
    const share = g.add(g.scale(g.op('Erf', [g.scale(v, Math.SQRT1_2)]), 0.5), number(0.5));
    const density = g.scale(g.op('Exp', [g.scale(g.mul(v, v), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
    return g.mul(dy, g.add(share, g.mul(v, density)));
  },

  /** With u = c (x + k x^3) and t = tanh u: (1 + t) / 2 + x (1 - t^2) u' / 2. */
  gelu_tanh({ g, dy, v, number }) {
    const square = g.mul(v, v);
    const u = g.mul(v, g.add(number(TANH_SCALE), g.scale(square, TANH_SCALE * TANH_CUBIC)));
    const t = g.op('Tanh', [u]);
    const slope = g.add(number(TANH_SCALE), g.scale(square, 3 * TANH_SCALE * TANH_CUBIC));
    const bent = g.mul(g.sub(number(1), g.mul(t, t)), g.mul(v, slope));
    return g.mul(dy, g.scale(g.add(g.add(number(1), t), bent), 0.5));
  },

  silu({ g, dy, v, number }) {
    const s = g.op('Sigmoid', [v]);
    return g.mul(dy, g.mul(s, g.add(number(1), g.mul(v, g.sub(number(1), s)))));
  },

  hard_sigmoid(call) {
    const { g, node, v, number } = call;
    const alpha = node.float('activation_alpha', Math.fround(0.2));
    const value = g.add(g.scale(v, alpha), number(node.float('activation_beta', 0.5)));
    const inside = g.op('And', [g.op('Greater', [value, number(0)]), g.op('Less', [value, number(1)])]);
    return g.scale(pass(call, inside), alpha);
  },

  hard_swish({ g, dy, v, number }) {
    const middle = g.add(g.scale(v, 1 / 3), number(0.5));
    const above = g.where(g.op('Less', [v, number(3)]), middle, number(1));
    return g.mul(dy, g.where(g.op('Greater', [v, number(-3)]), above, number(0)));
  },

  elu({ g, node, dy, v, number }) {
    const below = g.scale(g.op('Exp', [g.op('Min', [v, number(0)])]), node.float('activation_alpha', 1));
    return g.where(g.op('Greater', [v, number(0)]), dy, g.mul(dy, below));
  },

  softplus: ({ g, dy, v }) => g.mul(dy, g.op('Sigmoid', [v])),

  /** With t = tanh(softplus x): t + x (1 - t^2) sigmoid(x). */
  mish({ g, dy, v, number }) {
    const t = g.op('Tanh', [g.op('Softplus', [v])]);
    const bent = g.mul(g.mul(v, g.op('Sigmoid', [v])), g.sub(number(1), g.mul(t, t)));
    return g.mul(dy, g.add(t, bent));
  },

  erf: ({ g, dy, v }) => g.mul(dy, g.scale(g.op('Exp', [g.neg(g.mul(v, v))]), 2 / Math.sqrt(Math.PI))),
};

/**
 * dy, v -> dx: the gradient of an activation. v is the result for relu, sigmoid and tanh, the argument for all others. At a corner the slope is
 * that of the flat side; clip passes its bounds, as PyTorch does.
 */
export const activationGrad = defineFunction({
  name: 'ActivationGrad',
  body(g, node, inputs) {
    const [dy, v] = inputs as [Value, Value];
    const name = node.string('activation', '');
    const body = Object.hasOwn(BODIES, name) ? BODIES[name] : undefined;
    if (!body)
      throw new Error(`ActivationGrad activation: expected ${Object.keys(BODIES).join(', ')}, received ${name}`);
    return [body({ g, node, dy, v, number: (value) => g.constant(value, g.dtype(dy)) })];
  },
});
