import { equalDims, type Node, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { isSum, otherOperand } from '../integer/integer-weight.js';
import { activationAttributes, activationOf, type NativeActivation, siluOf } from './activation-of.js';

const LAYERS: ReadonlySet<string> = new Set(['Linear', 'ConvNhwc']);

/** Integer layers with a float result: y = activation(scaled sum) + residual. */
const INTEGER_LAYERS: ReadonlySet<string> = new Set(['Int8Linear', 'Int8Conv']);

/** Slots of a layer. */
const [BIAS, RESIDUAL] = [2, 3];

/**
 * Bias, residual sum and activation behind a Linear or ConvNhwc become part of it, in this order: y = activation(sum + bias + residual).
 * Only what nothing else reads; a residual must have the shape of the result.
 */
export function fuseEpilogue(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.domain !== GOSSAMER || !(LAYERS.has(node.op) || isFloatInteger(node))) continue;
    let layer: Node | undefined = node;
    while (layer) layer = extended(layer, compilation);
  }
}

const isFloatInteger = (node: Node) => INTEGER_LAYERS.has(node.op) && node.string('result', '') === 'float';

/** The layer with what follows it taken up; undefined where nothing can be. */
function extended(layer: Node, compilation: Compilation): Node | undefined {
  const isInteger = !LAYERS.has(layer.op);
  const isActivated = layer.string('activation', 'none') !== 'none';
  // Integer layers sum behind their activation, float ones before it.
  if (isInteger ? layer.input(RESIDUAL) : isActivated) return undefined;
  const silu = isActivated ? undefined : siluOf(layer.output);
  if (silu) return withActivation(layer, silu, { name: 'silu', alpha: 0, beta: 0 }, compilation);
  const reader = onlyReader(layer.output);
  if (!reader) return undefined;
  if (isSum(reader)) {
    const other = otherOperand(reader, layer.output);
    const biased = isInteger ? undefined : withBias(layer, reader, other, compilation);
    return biased ?? withResidual(layer, reader, other, compilation);
  }
  const activation = isActivated ? undefined : activationOf(reader);
  return activation && withActivation(layer, reader, activation, compilation);
}

function withActivation(layer: Node, last: Node, activation: NativeActivation, compilation: Compilation): Node {
  const attributes = { ...attributesOf(layer), ...activationAttributes(activation) };
  return rebuilt(layer, last, layer.inputs, attributes, compilation);
}

function withBias(layer: Node, add: Node, other: Value, compilation: Compilation): Node | undefined {
  const tensor = other.constant;
  const channels = compilation.shapeOf(layer.output)?.at(-1);
  if (!tensor || layer.input(BIAS) || layer.input(RESIDUAL) || tensor.dtype !== 'float32') return undefined;
  const rank = compilation.rankOf(layer.output) ?? 0;
  const isRow = tensor.length === channels && tensor.dims.at(-1) === channels && tensor.dims.length <= rank;
  if (!isRow) return undefined;
  const bias = compilation.graph.addInitializer(`${other.name}_bias`, tensor.reshaped([tensor.length]));
  return rebuilt(layer, add, [layer.input(0), layer.input(1), bias], attributesOf(layer), compilation);
}

function withResidual(layer: Node, add: Node, other: Value, compilation: Compilation): Node | undefined {
  if (layer.input(RESIDUAL) || other === layer.output || compilation.dtypeOf(other) !== 'float32') return undefined;
  const [own, shape] = [compilation.shapeOf(layer.output), compilation.shapeOf(other)];
  if (!own || own.length !== shape?.length || !own.every((dim, axis) => equalDims(dim, shape[axis]))) return undefined;
  const inputs = [...layer.inputs];
  while (inputs.length <= RESIDUAL) inputs.push(undefined);
  inputs[RESIDUAL] = other;
  return rebuilt(layer, add, inputs, attributesOf(layer), compilation);
}

function rebuilt(
  layer: Node,
  last: Node,
  inputs: readonly (Value | undefined)[],
  attributes: ReturnType<typeof attributesOf>,
  compilation: Compilation,
): Node {
  const { name, op } = layer;
  return replaceNode(compilation, last, { op, name, inputs, attributes });
}
