import type { Value } from '../../../ir/value.js';
import { channelsFirstOperand, type Operand, plainOperand } from '../../operand.js';
import { pad } from '../../pad.js';
import { resize, type Resizing } from '../../resize.js';
import { defineOp, type TfNode } from '../tf-node.js';

/** Amounts before and after every axis. */
function pairsOf(node: TfNode): (readonly [number, number])[] {
  const flat = node.ints(1, 'paddings');
  const rank = node.e.shapeOf(node.operand(0))?.length ?? flat.length / 2;
  if (flat.length !== 2 * rank || flat.some((amount) => amount < 0)) {
    throw node.error('paddings', `${rank} pairs >= 0`, `[${flat.join(', ')}]`);
  }
  return Array.from({ length: rank }, (_, axis) => [flat[2 * axis]!, flat[2 * axis + 1]!] as const);
}

function padding(node: TfNode, mode: 'constant' | 'reflect', value?: Value): Operand {
  return pad(node.e, node.operand(0), pairsOf(node), mode, value);
}

/** The mirror stands behind the last element, which is doubled. ONNX has no such mode: strips are turned round and joined. */
function symmetricPadding(node: TfNode): Operand {
  const { e } = node;
  const turned = (x: Value, axis: number, start: number, end: number) =>
    e.op('Slice', [x, e.int64([start]), e.int64([end]), e.int64([axis]), e.int64([-1])]);
  return plainOperand(
    pairsOf(node).reduce((x, [begin, end], axis) => {
      if (begin === 0 && end === 0) return x;
      const before = begin > 0 ? [turned(x, axis, begin - 1, -Number.MAX_SAFE_INTEGER)] : [];
      const after = end > 0 ? [turned(x, axis, -1, -(end + 1))] : [];
      return e.op('Concat', [...before, x, ...after], { axis });
    }, node.plain(0)),
  );
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
    if (mode === 'SYMMETRIC') return symmetricPadding(node);
    if (mode !== 'REFLECT') throw node.error('mode', 'REFLECT or SYMMETRIC', JSON.stringify(mode));
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
