import { pad } from '../../pad.js';
import { plainOperand } from '../../operand.js';
import type { Value } from '../../../ir/value.js';
import { definePlain, type TfNode } from '../tf-node.js';

/** Block sizes and pairs of an image of rank 4 with known dims but for the batch; what dilated convolutions of old exports are made of. */
function readBlocks(
  node: TfNode,
  pairsName: string,
): { blocks: [number, number]; pairs: [number, number][]; dims: number[] } {
  const blocks = node.ints(1, 'block_shape');
  const flat = node.ints(2, pairsName);
  const dims = node.e.shapeOf(node.operand(0))?.slice(1);
  if (blocks.length !== 2 || flat.length !== 4 || dims?.length !== 3)
    throw node.error('block_shape', 'two axes of an image', blocks.length);
  if (!dims.every((dim) => typeof dim === 'number'))
    throw node.error('input', 'known dims but for the batch', dims.join(', '));
  if (![...blocks, ...flat].every((value) => value >= 0) || blocks.includes(0))
    throw node.error('blocks', 'sizes >= 0', blocks);
  return {
    blocks: blocks as [number, number],
    pairs: [
      [flat[0]!, flat[1]!],
      [flat[2]!, flat[3]!],
    ],
    dims: dims as number[],
  };
}

function spaceToBatch(node: TfNode): Value {
  const { e } = node;
  const { blocks, pairs, dims } = readBlocks(node, 'paddings');
  const [rows, columns] = blocks;
  const channels = dims[2]!;
  const height = dims[0]! + pairs[0]![0] + pairs[0]![1];
  const width = dims[1]! + pairs[1]![0] + pairs[1]![1];
  if (height % rows !== 0 || width % columns !== 0)
    throw node.error('block_shape', 'a divisor of the padded image', blocks);
  const padded = e.plain(pad(e, plainOperand(node.plain(0)), [[0, 0], ...pairs, [0, 0]], 'constant'));
  const split = [-1, height / rows, rows, width / columns, columns, channels];
  const cells = e.transpose(e.op('Reshape', [padded, e.int64(split)]), [2, 4, 0, 1, 3, 5]);
  return e.op('Reshape', [cells, e.int64([-1, height / rows, width / columns, channels])]);
}

function batchToSpace(node: TfNode): Value {
  const { e } = node;
  const { blocks, pairs, dims } = readBlocks(node, 'crops');
  const [rows, columns] = blocks;
  const [height, width, channels] = dims as [number, number, number];
  const cells = e.op('Reshape', [node.plain(0), e.int64([rows, columns, -1, height, width, channels])]);
  const image = e.op('Reshape', [
    e.transpose(cells, [2, 3, 0, 4, 1, 5]),
    e.int64([-1, height * rows, width * columns, channels]),
  ]);
  const starts = pairs.map(([begin]) => begin);
  const ends = [height * rows - pairs[0]![1], width * columns - pairs[1]![1]];
  return e.op('Slice', [image, e.int64(starts), e.int64(ends), e.int64([1, 2])]);
}

export const spaceBatchOps = [definePlain('SpaceToBatchND', spaceToBatch), definePlain('BatchToSpaceND', batchToSpace)];
