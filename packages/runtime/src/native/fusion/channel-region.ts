import { type Node, type Value } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';

/** Everything that the order of one layer's outputs goes through until integer layers sum over it. */
export interface ChannelRegion {
  /** Layers of one filter a channel, whose outputs are in the order of their inputs. */
  readonly depthwise: readonly Node[];
  /** Layers that sum over the channels: the order ends in their weights. */
  readonly consumers: readonly Node[];
  /** Constants of one number a channel, along their last axis. */
  readonly rows: readonly { readonly node: Node; readonly slot: number }[];
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Functions of one element, or of one channel's elements, of their first input. */
const OWN_UNARY = words('Activate AveragePoolNhwc Int8AveragePoolNhwc Int8Table MaxPoolNhwc');
const UNARY = words(
  `Abs Cast Ceil Celu Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg Reciprocal Relu Round Selu Sigmoid Sign
  Softplus Softsign Sqrt Swish Tanh ThresholdedRelu`,
);
const BROADCASTING = words('Add Div Max Min Mul PRelu Pow Sub');
const QUANTIZING = words('DequantizeLinear QuantizeLinear');

/** The region behind a value whose channels are its last axis; undefined where the order of its channels shows. */
export function channelRegion(start: Value, compilation: Compilation): ChannelRegion | undefined {
  const depthwise: Node[] = [];
  const consumers: Node[] = [];
  const sums = new Set<Node>();
  const reached = new Set<Value>([start]);
  const channels = compilation.shapeOf(start)?.at(-1);
  if (typeof channels !== 'number') return undefined;
  for (const value of reached) {
    if (value.isOutput || value.isInput) return undefined;
    for (const { node, index } of value.uses) {
      if (node.graph !== compilation.graph) return undefined;
      const role = roleOf(node, index, channels, compilation);
      if (!role) return undefined;
      if (role === 'consumer') {
        consumers.push(node);
        continue;
      }
      if (role === 'depthwise') depthwise.push(node);
      if (role === 'sum') sums.add(node);
      if (role !== 'quantizer' && compilation.rankOf(node.output) !== compilation.rankOf(value)) return undefined;
      reached.add(node.outputs[0]!);
    }
  }
  const rows: { node: Node; slot: number }[] = [];
  for (const node of sums) {
    for (const [slot, value] of node.inputs.entries()) {
      if (!value || reached.has(value) || isScalar(value, compilation)) continue;
      if (!isRow(value, channels, compilation.rankOf(node.output)!)) return undefined;
      rows.push({ node, slot });
    }
  }
  return { depthwise, consumers, rows };
}

type Role = 'consumer' | 'depthwise' | 'quantizer' | 'sum' | 'unary';

function roleOf(node: Node, slot: number, channels: number, compilation: Compilation): Role | undefined {
  const { op } = node;
  if (node.domain === GOSSAMER) {
    if (op === 'Int8Linear') {
      const depth = node.input(1)?.constant?.dims[node.int('trans_b', 0) === 0 ? 0 : 1];
      return slot === 0 && depth === channels ? 'consumer' : undefined;
    }
    if (op === 'Int8Conv' || op === 'ConvNhwc') {
      if (slot !== 0 || !hasConstantParameters(node)) return undefined;
      const { dims } = node.input(1)!.constant!;
      if (node.int('group', 1) === 1) return op === 'Int8Conv' && dims[1] === channels ? 'consumer' : undefined;
      return node.int('group', 1) === channels && dims[0] === channels && !node.input(3) ? 'depthwise' : undefined;
    }
    if (op === 'Int8Binary') return 'sum';
    return slot === 0 && OWN_UNARY.has(op) ? 'unary' : undefined;
  }
  if (node.domain !== '') return undefined;
  if (BROADCASTING.has(op)) return 'sum';
  if (slot !== 0) return undefined;
  if (op === 'DynamicQuantizeLinear') return 'quantizer';
  if (QUANTIZING.has(op)) {
    const isPerTensor = node.inputs.slice(1).every((value) => !value || isScalar(value, compilation));
    return isPerTensor ? 'unary' : undefined;
  }
  return UNARY.has(op) ? 'unary' : undefined;
}

/** What belongs to each output of a layer is known: weights, bias, offset. */
export const hasConstantParameters = (node: Node): boolean =>
  [1, 2, 6].every((slot) => !node.input(slot) || node.input(slot)!.constant !== undefined);

const isScalar = (value: Value, compilation: Compilation) =>
  value.constant ? value.constant.length === 1 : compilation.rankOf(value) === 0;

function isRow(value: Value, channels: number, rank: number): boolean {
  const tensor = value.constant;
  return tensor?.length === channels && tensor.dims.at(-1) === channels && tensor.dims.length <= rank;
}
