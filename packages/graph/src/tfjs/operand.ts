import type { Value } from '../ir/value.js';

/**
 * A tensor of the source model. TF.js has images channels last; a convolution here computes channels first. Each form is made when it
 * is first asked for, so that between two convolutions no Transpose appears.
 */
export interface Operand {
  /** As TF.js has it. */
  plain: Value | undefined;
  /** With the last axis moved to position 1; rank 3 and more. */
  channelsFirst: Value | undefined;
  /** Complex numbers as a last axis of real and imaginary parts; such an operand has no other form. */
  readonly complex?: Value;
  /** Which steps of a sequence count: bool [n, t], of a layers model only. */
  mask?: Value | undefined;
}

export const plainOperand = (plain: Value): Operand => ({ plain, channelsFirst: undefined });
export const channelsFirstOperand = (channelsFirst: Value): Operand => ({ plain: undefined, channelsFirst });

export const complexOperand = (complex: Value): Operand => ({ plain: undefined, channelsFirst: undefined, complex });

/** Axis order that moves the last axis to position 1: [0, r - 1, 1, ..., r - 2]. */
export function toChannelsFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** The inverse of `toChannelsFirst`: [0, 2, ..., r - 1, 1]. */
export function toChannelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** Where axis `axis` of the plain form is in the channels-first form. */
export function axisChannelsFirst(axis: number, rank: number): number {
  if (axis === 0) return 0;
  return axis === rank - 1 ? 1 : axis + 1;
}
