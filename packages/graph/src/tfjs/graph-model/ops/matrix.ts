import { attribute } from '../../../ir/attribute.js';
import type { Value } from '../../../ir/value.js';
import { dense } from '../../dense.js';
import { plainOperand } from '../../operand.js';
import { defineOp, definePlain, type TfNode } from '../tf-node.js';
import { fusedTail } from './fused.js';

/** Operand `index`, its last two axes exchanged where the node says so. */
function matrix(node: TfNode, index: number, isTransposed: boolean): Value {
  const { e } = node;
  const x = node.plain(index);
  if (!isTransposed) return x;
  const rank = e.rankOf(node.operand(index));
  if (rank < 2) throw node.error('operand', 'rank >= 2', rank);
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return e.transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}

export const matrixOps = [
  definePlain(['BatchMatMul', 'BatchMatMulV2'], (node) =>
    node.e.op('MatMul', [
      matrix(node, 0, node.def.bool('adj_x', false)),
      matrix(node, 1, node.def.bool('adj_y', false)),
    ]),
  ),
  definePlain('MatMul', (node) =>
    node.e.op('MatMul', [
      matrix(node, 0, node.def.bool('transpose_a', false)),
      matrix(node, 1, node.def.bool('transpose_b', false)),
    ]),
  ),
  defineOp('_FusedMatMul', (node) => {
    const { bias, apply } = fusedTail(node, 2);
    const a = plainOperand(matrix(node, 0, node.def.bool('transpose_a', false)));
    const b = plainOperand(matrix(node, 1, node.def.bool('transpose_b', false)));
    return apply(dense(node.e, a, b, bias));
  }),
  definePlain('Einsum', (node) => {
    const equation = node.def.string('equation', '');
    return node.e.op(
      'Einsum',
      node.operands.map((operand) => node.e.plain(operand)),
      { equation: attribute.string(equation) },
    );
  }),
];
