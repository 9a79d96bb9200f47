import { broadcastOp } from './broadcast.js';
import type { Emitter } from './emitter.js';
import { type Operand, plainOperand } from './operand.js';

/** x · kernel + bias over the last axis: Gemm for matrices, else MatMul and Add. */
export function dense(e: Emitter, x: Operand, kernel: Operand, bias: Operand | undefined): Operand {
  const rank = e.shapeOf(x)?.length;
  const biasRank = bias && e.shapeOf(bias)?.length;
  const inputs = [e.plain(x), e.plain(kernel)];
  if (rank === 2 && bias && biasRank === 1) return plainOperand(e.op('Gemm', [...inputs, e.plain(bias)]));
  const product = plainOperand(e.op('MatMul', inputs));
  return bias ? broadcastOp(e, 'Add', [product, bias]) : product;
}
