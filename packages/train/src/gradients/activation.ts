import { attribute, type Node } from '@gossamer/graph';
import type { Attributes } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';

/** How an operator is called in ActivationGrad: by its argument x or its result y, with which parameters. */
interface Activation {
  readonly by: 'x' | 'y';
  name(node: Node): string;
  readonly parameters?: (node: Node) => Attributes;
}

const named = (by: 'x' | 'y', name: string, parameters?: (node: Node) => Attributes): Activation => ({
  by,
  name: () => name,
  ...(parameters && { parameters }),
});

const alphaOf = (standard: number) => (node: Node) => ({
  activation_alpha: attribute.float(node.float('alpha', Math.fround(standard))),
});

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Relu: named('y', 'relu'),
  LeakyRelu: named('x', 'leaky', alphaOf(0.01)),
  Sigmoid: named('y', 'sigmoid'),
  Tanh: named('y', 'tanh'),
  Gelu: { by: 'x', name: (node) => (node.string('approximate', 'none') === 'tanh' ? 'gelu_tanh' : 'gelu') },
  HardSigmoid: named('x', 'hard_sigmoid', (node) => ({
    ...alphaOf(0.2)(node),
    activation_beta: attribute.float(node.float('beta', 0.5)),
  })),
  HardSwish: named('x', 'hard_swish'),
  Elu: named('x', 'elu', alphaOf(1)),
  Softplus: named('x', 'softplus'),
  Mish: named('x', 'mish'),
  Erf: named('x', 'erf'),
};

/** Activations whose gradient is one kernel (functions/activation-grad.ts). */
export const activationGradient = defineGradient({
  op: Object.keys(ACTIVATIONS),
  gradient({ g, node, x, y, dy }) {
    const activation = ACTIVATIONS[node.op]!;
    const parameters = activation.parameters?.(node) ?? {};
    return g.call('ActivationGrad', [dy, activation.by === 'x' ? x : y], {
      activation: activation.name(node),
      ...parameters,
    });
  },
});
