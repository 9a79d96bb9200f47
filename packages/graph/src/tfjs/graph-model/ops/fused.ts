import { attribute } from '../../../ir/attribute.js';
import { activation, prelu } from '../../activation.js';
import type { Operand } from '../../operand.js';
import type { TfNode } from '../tf-node.js';

/** What a fused node does after its product: a bias, then an activation. */
export interface FusedTail {
  readonly bias: Operand | undefined;
  readonly apply: (y: Operand) => Operand;
}

/** Reads `fused_ops` of a fused node whose extra operands start at `from`. */
export function fusedTail(node: TfNode, from: number): FusedTail {
  const ops = node.def.strings('fused_ops');
  const hasBias = ops[0] === 'BiasAdd';
  const [name, ...more] = ops.slice(hasBias ? 1 : 0);
  if (more.length > 0 || name === 'FusedBatchNorm')
    throw node.error('fused_ops', 'a bias and an activation', ops.join(', '));
  const bias = hasBias ? node.operand(from) : undefined;
  const apply = (y: Operand): Operand => {
    if (name === undefined) return y;
    if (name === 'Prelu') return prelu(node.e, y, node.operand(from + (hasBias ? 1 : 0)));
    if (name === 'LeakyRelu') {
      return node.e.elementwise('LeakyRelu', y, { alpha: attribute.float(node.def.float('leakyrelu_alpha', 0.2)) });
    }
    return activation(node.e, name, y);
  };
  return { bias, apply };
}
