import type { Value } from '../ir/value.js';
import type { Attributes, Emitter } from './emitter.js';
import { permuted } from './lazy-tensor.js';
import { channelsFirstOperand, type Operand, plainOperand, toChannelsFirst } from './operand.js';

/**
 * Applies `apply` to operands that broadcast against each other. Where one of them exists channels first only, the others are brought
 * there too (constants are permuted once, for good), so that arithmetic between convolutions needs no Transpose.
 */
export function broadcast(e: Emitter, operands: readonly Operand[], apply: (values: Value[]) => Value): Operand {
  const rank = layoutRank(e, operands);
  if (rank !== undefined && operands.every((operand) => canFollow(e, operand, rank))) {
    return channelsFirstOperand(apply(operands.map((operand) => follow(e, operand, rank))));
  }
  return plainOperand(apply(operands.map((operand) => e.plain(operand))));
}

/** One node over operands that broadcast. */
export function broadcastOp(
  e: Emitter,
  op: string,
  operands: readonly Operand[],
  attributes: Attributes = {},
): Operand {
  return broadcast(e, operands, (values) => e.op(op, values, attributes));
}

/** The rank of the operands that are channels first; undefined where none is, or ranks differ. */
function layoutRank(e: Emitter, operands: readonly Operand[]): number | undefined {
  const first = operands.filter((operand) => operand.channelsFirst && !operand.plain);
  const chosen = first.length > 0 ? first : operands.every((o) => o.channelsFirst) ? operands : [];
  const ranks = new Set(chosen.map((operand) => e.rankOf(operand)));
  return ranks.size === 1 ? [...ranks][0] : undefined;
}

function canFollow(e: Emitter, operand: Operand, rank: number): boolean {
  const shape = e.shapeOf(operand);
  if (!shape) return false;
  if (shape.length === rank || shape.length === 0) return true;
  return shape.length < rank && operand.plain!.constant !== undefined;
}

function follow(e: Emitter, operand: Operand, rank: number): Value {
  if (operand.channelsFirst) return operand.channelsFirst;
  const plain = operand.plain!;
  const { constant } = plain;
  if (!constant) return e.rankOf(operand) === 0 ? plain : e.channelsFirst(operand);
  // One value broadcasts as it stands.
  if (constant.length === 1 && constant.dims.length < rank) return plain;
  const dims = [...Array.from({ length: rank - constant.dims.length }, () => 1), ...constant.dims];
  const moved = permuted(constant.reshaped(dims), toChannelsFirst(rank));
  const leading = moved.dims.findIndex((dim) => dim !== 1);
  const stripped = moved.dims.slice(Math.max(leading, 0));
  return e.derived(plain, `channels_first_${rank}`, () => moved.reshaped(stripped));
}
