import { attribute, type AttributeValue, type Node, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';

/** An element-wise function as the engine's layers apply it (Activation in native/kernels/linear.h). */
export interface NativeActivation {
  readonly name: string;
  readonly alpha: number;
  readonly beta: number;
}

const SIMPLE: Readonly<Record<string, string>> = {
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  HardSwish: 'hard_swish',
  Erf: 'erf',
  Exp: 'exp',
  Softplus: 'softplus',
  Mish: 'mish',
};

/** The function a node of one operand and scalar constants computes; undefined where the engine's layers have it not. */
export function activationOf(node: Node): NativeActivation | undefined {
  if (node.domain !== '') return undefined;
  const simple = Object.hasOwn(SIMPLE, node.op) ? SIMPLE[node.op] : undefined;
  if (simple) return { name: simple, alpha: 0, beta: 0 };
  switch (node.op) {
    case 'Relu':
      return { name: 'clamp', alpha: 0, beta: Infinity };
    case 'Clip':
      return clip(node);
    case 'LeakyRelu':
      return { name: 'leaky', alpha: node.float('alpha', Math.fround(0.01)), beta: 0 };
    case 'Elu':
      return { name: 'elu', alpha: node.float('alpha', 1), beta: 0 };
    case 'HardSigmoid':
      return {
        name: 'hard_sigmoid',
        alpha: node.float('alpha', Math.fround(0.2)),
        beta: node.float('beta', 0.5),
      };
    case 'Gelu':
      return { name: node.string('approximate', 'none') === 'tanh' ? 'gelu_tanh' : 'gelu', alpha: 0, beta: 0 };
    default:
      return undefined;
  }
}

/** Without bounds Clip has the largest finite numbers, which change infinities only: those are left to it. */
function clip(node: Node): NativeActivation | undefined {
  const bound = (value: Value | undefined, otherwise: number) => (value ? value.constant?.item() : otherwise);
  const largest = 3.4028234663852886e38;
  const [low, high] = [bound(node.input(1), -largest), bound(node.input(2), largest)];
  if (low === undefined || high === undefined || !(low <= high)) return undefined;
  return { name: 'clamp', alpha: low, beta: high };
}

/** The attributes that say an activation. */
export const activationAttributes = ({ name, alpha, beta }: NativeActivation): Record<string, AttributeValue> => ({
  activation: attribute.string(name),
  activation_alpha: attribute.float(alpha),
  activation_beta: attribute.float(beta),
});

/** The node that computes x·sigmoid(x) of the value, where both its readers are that. */
export function siluOf(value: Value): Node | undefined {
  if (value.isOutput || value.uses.length !== 2) return undefined;
  const sigmoid = value.uses.find(({ node }) => node.isStandard('Sigmoid'))?.node;
  const product = value.uses.find(({ node }) => node.isStandard('Mul'))?.node;
  if (!sigmoid || !product || sigmoid.output.isOutput || sigmoid.output.uses.length !== 1) return undefined;
  return product.inputs.includes(sigmoid.output) && product.graph === value.graph ? product : undefined;
}

/** Element-wise functions that no layer takes up become the engine's own where it has them no other way, and x·sigmoid(x) one. */
export function activations(compilation: Compilation): void {
  if (!compilation.has('Activate')) return;
  for (const node of compilation.graph.nodes()) {
    const value = node.isStandard('Sigmoid') ? node.input(0) : undefined;
    const product = value && siluOf(value);
    const target = product ?? node;
    const activation = product ? { name: 'silu', alpha: 0, beta: 0 } : activationOf(node);
    if (!activation || compilation.dtypeOf(target.output) !== 'float32') continue;
    if (!product && compilation.has(node.op)) continue;
    replaceActivation(compilation, target, value ?? node.input(0)!, activation);
  }
}

function replaceActivation({ graph }: Compilation, node: Node, value: Value, activation: NativeActivation): void {
  graph.retarget(node, { op: 'Activate', domain: 'gossamer' });
  for (const name of [...node.attributes.keys()]) graph.setAttribute(node, name, undefined);
  graph.truncateInputs(node, 1);
  graph.setInput(node, 0, value);
  for (const [name, content] of Object.entries(activationAttributes(activation)))
    graph.setAttribute(node, name, content);
}
