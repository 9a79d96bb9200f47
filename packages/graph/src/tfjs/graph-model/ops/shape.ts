import type { Value } from '../../../ir/value.js';
import {
  axisChannelsFirst,
  channelsFirstOperand,
  type Operand,
  plainOperand,
  toChannelsFirst,
  toChannelsLast,
} from '../../operand.js';
import { defineOp, defineOps, definePlain, type OpConverter, type TfNode } from '../tf-node.js';

/** The shape as int32, read off whichever layout exists. */
function shapeVector(node: TfNode, operand: Operand): Value {
  const { e } = node;
  const shape = e.shapeOf(operand);
  if (shape?.every((dim) => typeof dim === 'number')) return e.constant(shape as number[], 'int32');
  if (operand.plain) return e.cast(e.op('Shape', [operand.plain]), 'int32');
  const moved = e.op('Shape', [operand.channelsFirst!]);
  return e.cast(e.op('Gather', [moved, e.int64(toChannelsLast(shape!.length))]), 'int32');
}

/** Where all but one of the wanted dims are known, the last follows from the element count. */
function reshape(node: TfNode): Value {
  const { e } = node;
  const data = e.dataOf(node.operand(1));
  const x = node.plain(0);
  const unknown = data?.filter((dim) => typeof dim !== 'number' || dim === -1).length;
  if (data && unknown !== undefined && unknown <= 1 && !data.includes(0)) {
    return e.op('Reshape', [x, e.int64(data.map((dim) => (typeof dim === 'number' ? dim : -1)))]);
  }
  return e.op('Reshape', [x, node.int64(1)], { allowzero: 1 });
}

function squeeze(node: TfNode): Operand {
  const { e } = node;
  const x = node.operand(0);
  const dims = node.def.ints('squeeze_dims').length > 0 ? node.def.ints('squeeze_dims') : node.def.ints('axis');
  if (dims.length === 0) return plainOperand(e.op('Squeeze', [e.plain(x)]));
  const rank = e.shapeOf(x)?.length;
  // Without its spatial axes an image has the same order in both layouts.
  const isSpatial = rank !== undefined && dims.length === rank - 2 && dims.every((dim) => dim > 0 && dim < rank - 1);
  if (x.channelsFirst && isSpatial) {
    const axes = dims.map((dim) => axisChannelsFirst(dim, rank));
    return plainOperand(e.op('Squeeze', [x.channelsFirst, e.int64(axes)]));
  }
  return plainOperand(e.op('Squeeze', [e.plain(x), e.int64(dims)]));
}

const isOrder = (order: readonly number[], other: readonly number[]) => order.join() === other.join();

/** A transpose between TensorFlow's layout and ours is only another name for a value that exists. */
function transpose(node: TfNode): Operand {
  const { e } = node;
  const order = node.ints(1, 'perm');
  const x = node.operand(0);
  const { channelsFirst, plain } = x;
  if (channelsFirst && isOrder(order, toChannelsFirst(order.length))) return plainOperand(channelsFirst);
  if (plain && order.length >= 3 && isOrder(order, toChannelsLast(order.length))) return channelsFirstOperand(plain);
  return plainOperand(e.transpose(e.plain(x), order));
}

export const shapeOps: readonly OpConverter[] = [
  definePlain('Shape', (node) => shapeVector(node, node.operand(0))),
  defineOps('ShapeN', (node) => node.operands.map((operand) => shapeVector(node, operand))),
  definePlain('Size', (node) => node.e.cast(node.e.op('Size', [node.plain(0)]), 'int32')),
  definePlain('Rank', (node) => node.e.constant(node.e.rankOf(node.operand(0)), 'int32')),
  definePlain('Reshape', reshape),
  definePlain('ExpandDims', (node) => node.e.op('Unsqueeze', [node.plain(0), node.e.int64([node.int(1, 'axis')])])),
  defineOp('Squeeze', squeeze),
  defineOp('Transpose', transpose),
  definePlain('BroadcastTo', (node) => node.e.op('Expand', [node.plain(0), node.int64(1)])),
  definePlain('Tile', (node) => node.e.op('Tile', [node.plain(0), node.int64(1)])),
];
