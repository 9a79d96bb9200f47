import type { Value } from '../../../ir/value.js';
import { channelsFirstOperand, type Operand } from '../../operand.js';
import { pad } from '../../pad.js';
import { resize, type Resizing } from '../../resize.js';
import { defineOp, type TfNode } from '../tf-node.js';

function padding(node: TfNode, mode: 'constant' | 'reflect', value?: Value): Operand {
  const flat = node.ints(1, 'paddings');
  const rank = node.e.shapeOf(node.operand(0))?.length ?? flat.length / 2;
  if (flat.length !== 2 * rank || flat.some((amount) => amount < 0)) {
    throw node.error('paddings', `${rank} pairs >= 0`, `[${flat.join(', ')}]`);
  }
  const pairs = Array.from({ length: rank }, (_, axis): [number, number] => [flat[2 * axis]!, flat[2 * axis + 1]!]);
  return pad(node.e, node.operand(0), pairs, mode, value);
}

function resizing(node: TfNode, mode: Resizing['mode']): Operand {
  const isAligned = node.def.bool('align_corners', false);
  const isHalf = node.def.bool('half_pixel_centers', false);
  if (isAligned && isHalf) throw node.error('align_corners', 'false with half_pixel_centers', 'true');
  const coordinates = isAligned ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric';
  return resize(node.e, node.operand(0), {
    mode,
    coordinates,
    to: { sizes: node.e.dataOf(node.operand(1)), value: node.int64(1) },
  });
}

export const imageOps = [
  defineOp('Pad', (node) => padding(node, 'constant')),
  defineOp('PadV2', (node) => padding(node, 'constant', node.plain(2))),
  defineOp('MirrorPad', (node) => {
    const mode = node.def.string('mode', '');
    if (mode !== 'REFLECT') throw node.error('mode', 'REFLECT', JSON.stringify(mode));
    return padding(node, 'reflect');
  }),
  defineOp('ResizeBilinear', (node) => resizing(node, 'bilinear')),
  defineOp('ResizeNearestNeighbor', (node) => resizing(node, 'nearest')),
  defineOp('DepthToSpace', (node) => {
    if (node.def.string('data_format', 'NHWC') !== 'NHWC') throw node.error('data_format', 'NHWC', 'another');
    const blocksize = node.def.int('block_size', 2);
    const x = node.e.channelsFirst(node.operand(0));
    return channelsFirstOperand(node.e.op('DepthToSpace', [x], { blocksize, mode: 'DCR' }));
  }),
];
