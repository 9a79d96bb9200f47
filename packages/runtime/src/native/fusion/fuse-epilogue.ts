import { equalDims, type Node, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { isSum, otherOperand } from '../integer/integer-weight.js';
import { activationAttributes, activationOf, type NativeActivation, siluOf } from './activation-of.js';

/** Layers in floats, with the slots of their bias and their residual. */
const LAYERS: Readonly<Record<string, readonly [bias: number, residual: number]>> = {
  Linear: [2, 3],
  ConvNhwc: [2, 3],
  ConvTransposeNhwc: [2, 3],
  MatMulNBits: [5, 6],
};

/** Integer layers with a float result: y = activation(scaled sum) + residual. */
const INTEGER_LAYERS: ReadonlySet<string> = new Set(['Int8Linear', 'Int8Conv']);

/** The slots of bias and residual; undefined for what is no layer. */
function slotsOf(node: Node): readonly [number, number] | undefined {
  if (node.domain === 'com.microsoft') return node.op === 'MatMulNBits' && !node.input(4) ? LAYERS[node.op] : undefined;
  if (node.domain !== GOSSAMER) return undefined;
  if (isFloatInteger(node)) return [2, 3];
  return Object.hasOwn(LAYERS, node.op) ? LAYERS[node.op] : undefined;
}

/**
 * Bias, residual sum and activation behind a layer become part of it, in this order: y = activation(sum + bias + residual).
 * Only what nothing else reads; a residual must have the shape of the result.
 */
export function fuseEpilogue(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    let layer: Node | undefined = slotsOf(node) && node;
    while (layer) layer = extended(layer, compilation);
  }
}

const isFloatInteger = (node: Node) => INTEGER_LAYERS.has(node.op) && node.string('result', '') === 'float';

/** The layer with what follows it taken up; undefined where nothing can be. */
function extended(layer: Node, compilation: Compilation): Node | undefined {
  const isInteger = INTEGER_LAYERS.has(layer.op);
  const [, residual] = slotsOf(layer)!;
  const isActivated = layer.string('activation', 'none') !== 'none';
  // Integer layers sum behind their activation, float ones before it.
  if (isInteger ? layer.input(residual) : isActivated) return undefined;
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
  const [slot, residual] = slotsOf(layer)!;
  const channels = compilation.shapeOf(layer.output)?.at(-1);
  if (layer.input(slot) || layer.input(residual) || compilation.dtypeOf(other) !== 'float32') return undefined;
  if (!tensor) return withRuntimeBias(layer, add, other, compilation);
  const rank = compilation.rankOf(layer.output) ?? 0;
  const isRow = tensor.length === channels && tensor.dims.at(-1) === channels && tensor.dims.length <= rank;
  if (!isRow) return undefined;
  const bias = compilation.graph.addInitializer(`${other.name}_bias`, tensor.reshaped([tensor.length]));
  return rebuilt(layer, add, withInput(layer, slot, bias), attributesOf(layer), compilation);
}

/** A row that comes at run time, as biases in training do. */
function withRuntimeBias(layer: Node, add: Node, other: Value, compilation: Compilation): Node | undefined {
  const [slot] = slotsOf(layer)!;
  const [row, channels] = [compilation.shapeOf(other), compilation.shapeOf(layer.output)?.at(-1)];
  if (layer.op !== 'Linear' || row?.length !== 1 || !equalDims(row[0], channels)) return undefined;
  return rebuilt(layer, add, withInput(layer, slot, other), attributesOf(layer), compilation);
}

function withResidual(layer: Node, add: Node, other: Value, compilation: Compilation): Node | undefined {
  const [, slot] = slotsOf(layer)!;
  if (layer.input(slot) || other === layer.output || compilation.dtypeOf(other) !== 'float32') return undefined;
  const [own, shape] = [compilation.shapeOf(layer.output), compilation.shapeOf(other)];
  if (!own || own.length !== shape?.length || !own.every((dim, axis) => equalDims(dim, shape[axis]))) return undefined;
  return rebuilt(layer, add, withInput(layer, slot, other), attributesOf(layer), compilation);
}

function withInput(layer: Node, slot: number, value: Value): (Value | undefined)[] {
  const inputs = [...layer.inputs];
  while (inputs.length <= slot) inputs.push(undefined);
  inputs[slot] = value;
  return inputs;
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
