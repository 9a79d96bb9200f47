import { type Node, roundHalfEven, type Value } from '@gossamer/graph';
import type { PerTensor } from './affine.js';

/** A Relu or Clip: min(max(x, low), high). */
export interface Clamp {
  readonly node: Node;
  readonly low: number;
  readonly high: number;
}

/** The node as a clamp with constant bounds. */
export function clampOf(node: Node | undefined): Clamp | undefined {
  if (node?.isStandard('Relu')) return { node, low: 0, high: Infinity };
  if (!node?.isStandard('Clip')) return undefined;
  const bound = (value: Value | undefined, otherwise: number) => (value ? value.constant?.item() : otherwise);
  const [low, high] = [bound(node.input(1), -Infinity), bound(node.input(2), Infinity)];
  return low !== undefined && high !== undefined && low <= high ? { node, low, high } : undefined;
}

/**
 * The least and largest code of uint8 that what is clamped before it is quantized can have. Quantizing never turns the order of two
 * numbers, so clamping codes to these is the same.
 */
export function codeRange({ scale, zeroPoint }: PerTensor, clamp: Clamp | undefined): readonly [number, number] {
  const code = (real: number) => {
    const quotient = Math.fround(real / scale);
    return Math.min(Math.max(Number.isFinite(quotient) ? roundHalfEven(quotient) + zeroPoint : quotient, 0), 255);
  };
  return clamp ? [code(clamp.low), code(clamp.high)] : [0, 255];
}
