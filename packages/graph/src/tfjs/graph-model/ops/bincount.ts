import type { Value } from '../../../ir/value.js';
import { definePlain, type TfNode } from '../tf-node.js';

/**
 * How often each number below `size` occurs along the last axis, or the sum of the weights at its places; larger numbers are left out.
 * `isBinary`: 1 where it occurs.
 */
function bincount(node: TfNode, isBinary: boolean): Value {
  const { e } = node;
  const size = node.int(1, 'size');
  if (size < 0) throw node.error('size', 'an integer >= 0', size);
  const x = node.int64(0);
  const weights = node.plain(2);
  const dtype = e.dtypeOf(weights) ?? 'float32';
  const weightDims = e.shapeOf(node.operand(2));
  if (!weightDims?.every((dim) => typeof dim === 'number')) throw node.error('weights', 'known dims', 'unknown ones');
  const isWeighted = !isBinary && !weightDims.includes(0);
  const one = e.constant(1, dtype);
  const amounts = isWeighted ? weights : e.op('Expand', [one, e.op('Shape', [x])]);
  // One place more takes what is out of range.
  const places = e.op('Min', [x, e.int64(size)]);
  const leading = e.op('Slice', [e.op('Shape', [x]), e.int64([0]), e.int64([-1]), e.int64([0])]);
  const dims = e.op('Concat', [leading, e.int64([size + 1])], { axis: 0 });
  const zeros = e.op('Expand', [e.constant(0, dtype), dims]);
  const reduction = isBinary ? 'max' : 'add';
  const counts = e.op('ScatterElements', [zeros, places, amounts], { axis: -1, reduction });
  return e.op('Slice', [counts, e.int64([0]), e.int64([size]), e.int64([-1])]);
}

export const bincountOps = [
  definePlain('Bincount', (node) => {
    // TF.js counts all elements, whatever the shape.
    const rank = node.e.rankOf(node.operand(0));
    if (rank !== 1) throw node.error('operand', 'rank 1', rank);
    return bincount(node, false);
  }),
  definePlain('DenseBincount', (node) => {
    const rank = node.e.rankOf(node.operand(0));
    const isBinary = node.def.bool('binary_output', false);
    if (rank !== 1 && rank !== 2) throw node.error('operand', 'rank 1 or 2', rank);
    // TF.js counts in a vector all the same, TensorFlow does not.
    if (rank === 1 && isBinary) throw node.error('binary_output', 'false for a vector', 'true');
    return bincount(node, isBinary);
  }),
];
