import { attribute, type AttributeValue, equalDims, type Node, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER, GOSSAMER_TRAIN } from '../compilation.js';
import { onlyReader } from '../edit/node-edits.js';
import { isSum, otherOperand } from '../integer/integer-weight.js';
import { activationAttributes, activationOf } from './activation-of.js';

const isTrain = (node: Node | undefined): node is Node => node?.op === 'BatchNormTrainNhwc' && node.domain === GOSSAMER;
const isGrad = (node: Node | undefined): node is Node => node?.op === 'BatchNormGradNhwc' && node.domain === GOSSAMER;
const isPlain = (node: Node) => node.string('activation', 'none') === 'none';

/**
 * A sum that alone reads a batch normalisation becomes part of it, where the other operand is there before it; then a Relu or Clip that
 * alone reads what is there, and its gradient, which takes the mask from the result. Where the argument of a Clip is one of its bounds
 * exactly, nothing passes back then.
 */
export function fuseBatchNorm(compilation: Compilation): void {
  const order = new Map([...compilation.graph.nodes()].map((node, index) => [node, index]));
  for (const node of order.keys()) {
    if (!isTrain(node) || !isPlain(node)) continue;
    takeResidual(node, order, compilation);
    fuse(node, compilation);
  }
}

function takeResidual(train: Node, order: ReadonlyMap<Node, number>, compilation: Compilation): void {
  const y = train.outputs[0]!;
  const add = onlyReader(y);
  if (!add || !isSum(add) || train.input(3)) return;
  const other = otherOperand(add, y);
  const before = other.producer ? (order.get(other.producer) ?? Infinity) : -1;
  if (before >= order.get(train)! || other.graph !== y.graph || compilation.dtypeOf(other) !== 'float32') return;
  const [own, shape] = [compilation.shapeOf(y), compilation.shapeOf(other)];
  if (!own || own.length !== shape?.length || !own.every((dim, axis) => equalDims(dim, shape[axis]))) return;
  compilation.graph.setInput(train, 3, other);
  takePlaceOf(add, train, compilation);
}

/** Makes the first result of `train` what `last` made, which goes. */
function takePlaceOf(last: Node, train: Node, { graph }: Compilation): void {
  const result = last.output;
  graph.detachOutput(result, result.name);
  graph.remove(last);
  graph.setOutput(train, 0, result);
}

function fuse(train: Node, compilation: Compilation): void {
  const y = train.outputs[0]!;
  const activation = y.uses.map(({ node }) => node).find((node) => node.isStandard('Relu') || node.isStandard('Clip'));
  const attributes = activation && epilogueOf(activation);
  if (!attributes || y.isOutput || activation.graph !== y.graph) return;
  const result = activation.output;
  // The gradient of Relu reads its result, that of Clip its argument.
  const isRelu = activation.op === 'Relu';
  const argued = (isRelu ? result : y).uses.filter(({ node, index }) => index === 1 && masks(node, activation));
  const masking = argued.map(({ node }) => node);
  if (!y.uses.every((use) => use.node === activation || (!isRelu && argued.includes(use)))) return;
  const grads = masking.map((mask) => gradientOf(train, mask));
  if (!isRelu && grads.some((grad) => !grad)) return;
  masking.forEach((mask, i) => grads[i] && takeMask(mask, grads[i], result, attributes, compilation));
  takePlaceOf(activation, train, compilation);
  setAll(train, attributes, compilation);
}

type Attributes = Readonly<Record<string, AttributeValue>>;

function epilogueOf(activation: Node): Attributes | undefined {
  if (activation.op === 'Relu') return { activation: attribute.string('relu') };
  const clamp = activationOf(activation);
  return clamp && { ...activationAttributes(clamp), activation: attribute.string('clip') };
}

/** Whether `node` is the gradient of `activation`. */
function masks(node: Node, activation: Node): boolean {
  if (node.op !== 'ActivationGrad' || node.domain !== GOSSAMER_TRAIN) return false;
  const name = node.string('activation', '');
  if (activation.op === 'Relu') return name === 'relu';
  const clamp = activationOf(activation)!;
  const [low, high] = [node.float('activation_alpha', -Infinity), node.float('activation_beta', Infinity)];
  return name === 'clip' && clamp.alpha === low && clamp.beta === high;
}

/** The gradient of `train` that alone reads `mask`. */
function gradientOf(train: Node, mask: Node): Node | undefined {
  const grad = onlyReader(mask.output);
  const isIts = isGrad(grad) && grad.input(1) === train.input(0) && grad.input(3) === train.outputs[1];
  return isIts && grad.input(0) === mask.output && isPlain(grad) ? grad : undefined;
}

function takeMask(mask: Node, grad: Node, y: Value, attributes: Attributes, compilation: Compilation): void {
  const { graph } = compilation;
  graph.setInput(grad, 0, mask.input(0));
  graph.setInput(grad, 5, y);
  graph.remove(mask);
  setAll(grad, attributes, compilation);
}

function setAll(node: Node, attributes: Attributes, { graph }: Compilation): void {
  for (const [name, content] of Object.entries(attributes)) graph.setAttribute(node, name, content);
}
