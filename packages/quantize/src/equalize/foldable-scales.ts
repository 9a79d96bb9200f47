import {
  type Graph,
  inferTypes,
  type Model,
  type Node,
  type TypeTable,
  type Value,
  type WeightView,
  weightsOf,
} from '@gossamer/graph';
import { channelsAlong, type ChannelLayout } from './channel-layout.js';
import { layerMatrix, outputChannels, refuseWeight } from './layer-matrix.js';
import { scaleOutcome } from './scale-rules.js';

/** A constant that is divided by the scale, broadcast to the right against `layout`. */
export interface ScaledConstant {
  readonly node: Node;
  readonly slot: number;
  readonly layout: ChannelLayout;
}

/** A weight that takes the scale: column c (index on axis `axis` of input 0) is multiplied by that of channelOf[c]. */
export interface ScaleReader {
  readonly view: WeightView;
  readonly axis: number;
  readonly channelOf: Int32Array;
}

/**
 * A place where a scale per channel can be moved without changing the model's function: the results of `node` divided by it, every
 * weight that reads them multiplied.
 */
export interface ScaleFold {
  readonly node: Node;
  /** 'layer': the rows of `view` are divided; 'norm' and 'constant': only constants are. */
  readonly kind: 'layer' | 'norm' | 'constant';
  readonly view: WeightView | undefined;
  readonly channels: number;
  /** Own bias, scale and shift, and constants added on the way. */
  readonly constants: readonly ScaledConstant[];
  readonly readers: readonly ScaleReader[];
  /** Nodes between, in graph order. */
  readonly passed: readonly Node[];
}

/** A node whose results cannot be scaled, and why. */
export interface ScaleRefusal {
  readonly node: Node;
  readonly reason: string;
}

/** Every node of the main graph and its bodies whose results could carry a scale, in graph order: those that can, and those that cannot. */
export function findScaleFolds(model: Model): { folds: ScaleFold[]; refusals: ScaleRefusal[] } {
  const types = inferTypes(model);
  const folds: ScaleFold[] = [];
  const refusals: ScaleRefusal[] = [];
  for (const graph of model.graph.scopes()) {
    const order = new Map([...graph.nodes()].map((node, index) => [node, index]));
    for (const node of order.keys()) {
      const source = findSource(node, types);
      if (!source) continue;
      const found = typeof source === 'string' ? source : follow(graph, source, order, types);
      if (typeof found === 'string') refusals.push({ node, reason: found });
      else folds.push(found);
    }
  }
  return { folds, refusals };
}

interface Source extends Pick<ScaleFold, 'node' | 'kind' | 'view' | 'channels'> {
  readonly layout: ChannelLayout;
  readonly constants: readonly ScaledConstant[];
}

/** Slots of scale and shift, and the axis they lie along (-1: the last). */
const NORMS: ReadonlyMap<string, { slots: readonly number[]; axis: number }> = new Map([
  ['LayerNormalization', { slots: [1, 2], axis: -1 }],
  ['RMSNormalization', { slots: [1], axis: -1 }],
  ['SimplifiedLayerNormalization', { slots: [1], axis: -1 }],
  ['com.microsoft::SkipLayerNormalization', { slots: [2, 3], axis: -1 }],
  ['com.microsoft::SkipSimplifiedLayerNormalization', { slots: [2], axis: -1 }],
  ['InstanceNormalization', { slots: [1, 2], axis: 1 }],
  ['BatchNormalization', { slots: [1, 2], axis: 1 }],
]);

const LAYERS: ReadonlyMap<string, number> = new Map([
  ['Conv', 1],
  ['ConvTranspose', 1],
  ['Gemm', 1],
  ['MatMul', -1],
  ['com.microsoft::FusedConv', 1],
  ['com.microsoft::FusedGemm', 1],
  ['com.microsoft::FusedMatMul', -1],
]);

/** Where a scale may start at `node`; the reason where it may not; undefined for a node that is no candidate. */
function findSource(node: Node, types: TypeTable): Source | string | undefined {
  if (NORMS.has(node.kind)) return normSource(node, types);
  if (LAYERS.has(node.kind)) return layerSource(node, types);
  return node.isStandard('Mul') ? constantSource(node, types) : undefined;
}

function normSource(node: Node, types: TypeTable): Source | string {
  const { slots, axis } = NORMS.get(node.kind)!;
  const scale = node.input(slots[0]!)?.constant;
  const rank = types.shapeOf(node.output)?.length;
  if (scale?.dims.length !== 1 || scale.dtype !== 'float32') return 'its scale is no constant vector of float32';
  if (rank === undefined) return 'its rank is unknown';
  const [channels] = scale.dims;
  const constants = slots
    .filter((slot) => node.input(slot))
    .map((slot) => ({ node, slot, layout: channelsAlong(1, 0, channels!) }));
  if (constants.some(({ slot }) => !node.input(slot)!.constant)) return 'its shift is not constant';
  const layout = channelsAlong(rank, (axis + rank) % rank, channels!);
  return { node, kind: 'norm', view: undefined, channels: channels!, layout, constants };
}

function layerSource(node: Node, types: TypeTable): Source | string | undefined {
  const view = weightsOf(node).find(({ inputIndex }) => inputIndex === 1);
  if (!view) return undefined;
  const reason = refuseWeight(view);
  const rank = types.shapeOf(node.output)?.length;
  if (reason) return reason;
  if (rank === undefined) return 'its rank is unknown';
  if (node.op === 'FusedConv' && node.input(3)) return 'it adds values that do not carry the scale';
  const activation = node.string('activation', 'Relu');
  if (!['Relu', 'LeakyRelu'].includes(activation)) return `${activation} is not homogeneous`;
  const channels = outputChannels(layerMatrix(view));
  const axis = (LAYERS.get(node.kind)! + rank) % rank;
  const { bias } = view;
  if (bias && bias.constant?.dtype !== 'float32') return 'its bias is not constant';
  const slot = bias ? node.inputs.indexOf(bias) : -1;
  // A convolution's bias is a vector; C of Gemm is broadcast against the product.
  const biasLayout = node.op.endsWith('Gemm') ? channelsAlong(2, 1, channels) : channelsAlong(1, 0, channels);
  const constants = slot < 0 ? [] : [{ node, slot, layout: biasLayout }];
  return { node, kind: 'layer', view, channels, layout: channelsAlong(rank, axis, channels), constants };
}

/** A product with a constant: a vector along one axis, or one number before layers that say where their channels lie. */
function constantSource(node: Node, types: TypeTable): Source | string | undefined {
  const slot = node.inputs.findIndex((value) => value?.constant);
  const dims = types.shapeOf(node.output);
  const factor = node.input(slot)?.constant;
  if (slot < 0 || factor?.dtype !== 'float32' || !dims || node.input(1 - slot)?.constant) return undefined;
  const wide = factor.dims.flatMap((size, i) => (size === 1 ? [] : [i + dims.length - factor.dims.length]));
  const axis = wide.length > 0 ? wide[0] : readerAxis(node, dims.length);
  const channels = axis === undefined ? undefined : dims[axis];
  if (axis === undefined || wide.length > 1 || typeof channels !== 'number') return undefined;
  const layout = channelsAlong(dims.length, axis, channels);
  return { node, kind: 'constant', view: undefined, channels, layout, constants: [{ node, slot, layout }] };
}

/** The axis over which the first layer sums that reads `node`, maybe behind a sum with a constant. */
function readerAxis(node: Node, rank: number): number | undefined {
  for (const { node: user, index } of node.output.uses) {
    const isShift = user.isStandard('Add') && user.input(1 - index)?.constant;
    if (isShift) return readerAxis(user, rank);
    if (index !== 0 || weightsOf(user).length === 0) continue;
    return user.op === 'MatMul' || user.op === 'FusedMatMul' ? rank - 1 : 1;
  }
  return undefined;
}

/** Follows a scale from its source to all that reads it; the reason where something cannot take it. */
function follow(graph: Graph, source: Source, order: ReadonlyMap<Node, number>, types: TypeTable): ScaleFold | string {
  const layouts = new Map<Value, ChannelLayout>();
  const pending = new Set<Node>();
  const constants = [...source.constants];
  const readers: ScaleReader[] = [];
  const passed: Node[] = [];
  /** Returns why `value` cannot carry the scale. */
  const carry = (value: Value, layout: ChannelLayout): string | undefined => {
    if (value.isOutput) return `${value.name} is an output`;
    layouts.set(value, layout);
    for (const { node } of value.uses) {
      if (node.graph !== graph) return `${node.id}: reads it from a body`;
      pending.add(node);
    }
    return undefined;
  };
  let reason = carry(source.node.output, source.layout);
  while (pending.size > 0 && reason === undefined) {
    const node = [...pending].reduce((a, b) => (order.get(a)! < order.get(b)! ? a : b));
    pending.delete(node);
    const outcome = scaleOutcome(
      node,
      node.inputs.map((value) => value && layouts.get(value)),
      types,
    );
    if (outcome.kind === 'blocked') return `${node.id}: ${outcome.reason}`;
    if (outcome.kind === 'read') {
      readers.push(outcome);
      continue;
    }
    passed.push(node);
    for (const slot of outcome.slots ?? []) {
      if (node.input(slot)?.constant?.dtype !== 'float32') return `${node.id}: its constant is not float32`;
      constants.push({ node, slot, layout: outcome.outputs[0]! });
    }
    outcome.outputs.forEach((layout, index) => {
      const value = node.outputs[index];
      if (value && layout) reason ??= carry(value, layout);
    });
  }
  if (reason) return reason;
  if (readers.length === 0) return 'no weight reads it';
  return { ...source, constants, readers, passed };
}
