import { GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineLowering } from './lowering.js';

const domain = 'com.microsoft';

/** GELU of x plus an optional bias (the second input). */
const biasedGelu = (op: string | readonly string[], attributes: Attributes) =>
  defineLowering({
    op,
    domain,
    lower(g, _, inputs) {
      const [x, bias] = inputs;
      return [g.op('Gelu', [bias ? g.add(x!, bias) : x!], attributes)];
    },
  });

export const microsoftGeluLowering = biasedGelu(['Gelu', 'BiasGelu'], {});
export const fastGeluLowering = biasedGelu('FastGelu', { approximate: 'tanh' });

/** x * sigmoid(alpha x). */
export const quickGeluLowering = defineLowering({
  op: 'QuickGelu',
  domain,
  lower(g, node, inputs) {
    const x = inputs[0]!;
    return [g.mul(x, g.op('Sigmoid', [g.scale(x, node.float('alpha', Math.fround(1.702)))]))];
  },
});

/** Parameters of an activation, in the order in which fused operators give them; the standard's where they give none. */
type Parameters = readonly (number | undefined)[];

const float = (value: number | undefined, standard: number) => ({
  type: 'float' as const,
  value: Math.fround(value ?? standard),
});

const ACTIVATIONS: Readonly<Record<string, (g: Emitter, x: Value, parameters: Parameters) => Value>> = {
  Relu: (g, x) => g.op('Relu', [x]),
  Tanh: (g, x) => g.op('Tanh', [x]),
  Sigmoid: (g, x) => g.op('Sigmoid', [x]),
  Softplus: (g, x) => g.op('Softplus', [x]),
  Softsign: (g, x) => g.op('Softsign', [x]),
  LeakyRelu: (g, x, [alpha]) => g.op('LeakyRelu', [x], { alpha: float(alpha, 0.01) }),
  Elu: (g, x, [alpha]) => g.op('Elu', [x], { alpha: float(alpha, 1) }),
  HardSigmoid: (g, x, [alpha, beta]) => g.op('HardSigmoid', [x], { alpha: float(alpha, 0.2), beta: float(beta, 0.5) }),
  Clip: (g, x, bounds) =>
    g.op('Clip', [x, ...bounds.map((bound) => (bound === undefined ? undefined : g.constant(bound, g.dtype(x))))]),
};

/** x through the activation that a fused operator names; '' is none. Throws ERR_TRAINING_FORM for a name that is not known. */
export function fusedActivation(g: Emitter, node: Node, x: Value, parameters: Parameters): Value {
  const name = node.string('activation', '');
  if (name === '') return x;
  const make = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (make) return make(g, x, parameters);
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `node ${node.id}: activation: expected ${Object.keys(ACTIVATIONS).join(', ')}, received ${name}`,
  );
}
