import type { Value } from '../../../ir/value.js';
import { defineOp, definePlain, type TfNode } from '../tf-node.js';
import { plainOperand } from '../../operand.js';

function gather(node: TfNode, axis: number): Value {
  const { e } = node;
  const batchDims = node.def.int('batch_dims', 0);
  if (batchDims === 0) return e.op('Gather', [node.plain(0), node.plain(1)], { axis });
  const rank = e.rankOf(node.operand(0));
  const normal = axis < 0 ? axis + rank : axis;
  if (normal !== batchDims || batchDims < 0) throw node.error('batch_dims', `the axis (${normal})`, batchDims);
  const indices = e.op('Unsqueeze', [node.int64(1), e.int64([-1])]);
  return e.op('GatherND', [node.plain(0), indices], { batch_dims: batchDims });
}

/** Indices of a sparse tensor as [count, rank]; TF.js also takes a vector for rank 1. */
function sparseIndices(node: TfNode, index: number): Value {
  const rank = node.e.rankOf(node.operand(index));
  const indices = node.int64(index);
  if (rank === 2) return indices;
  return node.e.op('Reshape', [indices, node.e.int64([-1, 1])]);
}

function sparseToDense(node: TfNode): Value {
  const { e } = node;
  const indices = sparseIndices(node, 0);
  const base = e.op('Expand', [node.plain(3), node.int64(1)]);
  // One value stands for all places.
  const count = e.op('Slice', [e.op('Shape', [indices]), e.int64([0]), e.int64([1]), e.int64([0])]);
  const values = e.rankOf(node.operand(2)) === 0 ? e.op('Expand', [node.plain(2), count]) : node.plain(2);
  return e.op('ScatterND', [base, indices, values]);
}

export const gatherOps = [
  definePlain('GatherV2', (node) => gather(node, node.int(2, 'axis'))),
  definePlain('Gather', (node) => gather(node, 0)),
  definePlain('GatherNd', (node) => node.e.op('GatherND', [node.plain(0), node.int64(1)])),
  definePlain('ScatterNd', (node) => {
    const { e } = node;
    const zero = e.constant(0, node.dtype(1) ?? 'float32');
    const base = e.op('Expand', [zero, node.int64(2)]);
    // TensorFlow sums what falls on one place.
    return e.op('ScatterND', [base, node.int64(0), node.plain(1)], { reduction: 'add' });
  }),
  definePlain('TensorScatterUpdate', (node) => node.e.op('ScatterND', [node.plain(0), node.int64(1), node.plain(2)])),
  definePlain('SparseToDense', sparseToDense),
  defineOp('Where', (node) => {
    const { e } = node;
    // NonZero has a row per axis, TensorFlow a column.
    const indices = e.op('Transpose', [e.op('NonZero', [node.plain(0)])], { perm: [1, 0] });
    return plainOperand(e.cast(indices, 'int32'));
  }),
];
