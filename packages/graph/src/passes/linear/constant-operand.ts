import { isFloat } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import type { ChannelAffine } from './channel-affine.js';
import { isParametric } from '../determinism.js';

/** data·c, data / c, data + c, data - c or c - data, with a constant c. */
export interface ConstantOperand {
  readonly op: 'Mul' | 'Div' | 'Add' | 'Sub';
  readonly data: Value;
  readonly constant: Tensor;
  /** True for c - data. */
  readonly isReversed: boolean;
}

/** Reads `node` as arithmetic with a constant of floats; a quotient c / data is none. */
export function constantOperand(node: Node): ConstantOperand | undefined {
  const { op } = node;
  if (node.domain !== '' || (op !== 'Mul' && op !== 'Div' && op !== 'Add' && op !== 'Sub')) return undefined;
  if (isParametric(node)) return undefined;
  for (const side of [1, 0]) {
    const [constant, data] = [node.input(side)?.constant, node.input(1 - side)];
    if (!constant || !isFloat(constant.dtype) || !data || data.constant || (side === 0 && op === 'Div')) continue;
    return { op, data, constant, isReversed: side === 0 };
  }
  return undefined;
}

/**
 * The operand as factor and shift for each of `channels`, which lie along `axis` of data of rank `rank`. Undefined where the constant varies
 * along another axis, has another size, or would give the result a higher rank.
 */
export function perChannel(
  { op, constant, isReversed }: ConstantOperand,
  { rank, axis, channels }: { readonly rank: number; readonly axis: number; readonly channels: number },
): ChannelAffine | undefined {
  const { dims } = constant;
  if (dims.length > rank) return undefined;
  const isAlongAxis = dims.every(
    (dim, index) => dim === 1 || (index + rank - dims.length === axis && dim === channels),
  );
  if (!isAlongAxis) return undefined;
  const data = constant.toFloat64();
  const at = (channel: number) => data[data.length === 1 ? 0 : channel]!;
  const each = (value: (channel: number) => number) => Float64Array.from({ length: channels }, (_, c) => value(c));
  if (op === 'Mul') return { factor: each(at), shift: each(() => 0) };
  if (op === 'Div') return { factor: each((c) => 1 / at(c)), shift: each(() => 0) };
  const sign = op === 'Sub' && !isReversed ? -1 : 1;
  return { factor: each(() => (op === 'Sub' && isReversed ? -1 : 1)), shift: each((c) => sign * at(c)) };
}
