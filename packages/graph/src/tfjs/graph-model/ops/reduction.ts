import type { Value } from '../../../ir/value.js';
import type { Operand } from '../../operand.js';
import { plainOperand } from '../../operand.js';
import { reduction } from '../../reduction.js';
import { defineOp, definePlain, type OpConverter, type TfNode } from '../tf-node.js';

const TABLE: Readonly<Record<string, string>> = {
  EuclideanNorm: 'ReduceL2',
  Max: 'ReduceMax',
  Mean: 'ReduceMean',
  Min: 'ReduceMin',
  Prod: 'ReduceProd',
  Sum: 'ReduceSum',
};

function reduce(node: TfNode, op: string): Operand {
  const keepDims = node.def.bool('keep_dims', false);
  const { e } = node;
  const axes = e.dataOf(node.operand(1));
  // TF.js gives the mean of integers as a float.
  const x =
    op === 'ReduceMean' && node.dtype(0) === 'int32' ? plainOperand(e.cast(node.plain(0), 'float32')) : node.operand(0);
  if (axes?.every((axis) => typeof axis === 'number')) return reduction(e, op, x, axes as number[], keepDims);
  return plainOperand(e.op(op, [e.plain(x), node.int64(1)], { keepdims: keepDims ? 1 : 0, noop_with_empty_axes: 1 }));
}

/** True where any (all) elements are: the largest (smallest) of 0 and 1. */
function logical(node: TfNode, op: 'ReduceMax' | 'ReduceMin'): Operand {
  const { e } = node;
  const axes = node.ints(1, 'axes');
  const numbers = e.map(node.operand(0), (x) => e.cast(x, 'int32'));
  return e.map(reduction(e, op, numbers, axes, node.def.bool('keep_dims', false)), (y) => e.cast(y, 'bool'));
}

function argument(node: TfNode, op: 'ArgMax' | 'ArgMin'): Value {
  const { e } = node;
  return e.cast(e.op(op, [node.plain(0)], { axis: node.int(1, 'axis'), keepdims: 0 }), 'int32');
}

export const reductionOps: readonly OpConverter[] = [
  ...Object.entries(TABLE).map(([tf, onnx]) => defineOp(tf, (node) => reduce(node, onnx))),
  defineOp('Any', (node) => logical(node, 'ReduceMax')),
  defineOp('All', (node) => logical(node, 'ReduceMin')),
  definePlain('ArgMax', (node) => argument(node, 'ArgMax')),
  definePlain('ArgMin', (node) => argument(node, 'ArgMin')),
  definePlain('Cumsum', (node) =>
    node.e.op('CumSum', [node.plain(0), node.int64(1)], {
      exclusive: node.def.bool('exclusive', false) ? 1 : 0,
      reverse: node.def.bool('reverse', false) ? 1 : 0,
    }),
  ),
];
