import type { ActivationDtype } from '../choices.js';
import { roundHalfEven, Tensor, type Value } from '@gossamer/graph';
import { affineFromRange, type Range } from '@gossamer/runtime';

import { floatData } from '../weights/float-data.js';
import type { Unit } from './unit.js';

/** How real activations become codes: code = round(x / scale) + zeroPoint, one scale for the tensor. */
export interface ActivationParams {
  readonly dtype: ActivationDtype;
  readonly scale: number;
  readonly zeroPoint: number;
  /** The largest code that is used, where that is not the dtype's: codes are limited to it. */
  readonly quantMax?: number;
}

/** Where the ranges of activations come from; undefined: nothing finite was seen. */
export type RangeProvider = (value: Value) => Range | undefined;

export const ACTIVATION_LIMITS = {
  uint8: { quantMin: 0, quantMax: 255 },
  int8: { quantMin: -128, quantMax: 127 },
  uint16: { quantMin: 0, quantMax: 65_535 },
  int16: { quantMin: -32_768, quantMax: 32_767 },
} as const;

/** Parameters of `range`: asymmetric, zero exactly representable. */
export function activationParams(range: Range, dtype: ActivationDtype): ActivationParams {
  const { scale, zeroPoint } = affineFromRange(range, { ...ACTIVATION_LIMITS[dtype], mapping: 'asymmetric' });
  return { dtype, scale, zeroPoint };
}

/** The code nearest to `real`, which may be infinite. */
export function codeOf(real: number, { dtype, scale, zeroPoint }: ActivationParams): number {
  const { quantMin, quantMax } = ACTIVATION_LIMITS[dtype];
  const code = Number.isFinite(real) ? roundHalfEven(real / scale) + zeroPoint : real;
  return Math.max(quantMin, Math.min(quantMax, code));
}

/** Range of a constant operand. */
export function constantRange(value: Value): Range {
  let min = 0;
  let max = 0;
  for (const x of floatData(value.constant!)) {
    min = Math.min(min, x);
    max = Math.max(max, x);
  }
  return { min, max };
}

/** The value whose statistics give `value` its parameters: what a chain of moves in integer regions starts from. */
export function paramsRoot(value: Value, producers: ReadonlyMap<Value, Unit>): Value {
  let root = value;
  for (;;) {
    const unit = producers.get(root);
    const input = unit?.kind === 'move' ? unit.node.input(unit.slots[0]!) : undefined;
    if (!input) return root;
    root = input;
  }
}

/** Scale and zero point as rank-0 tensors: ONNX Runtime fuses nothing else. */
export function paramTensors({ dtype, scale, zeroPoint }: ActivationParams): { scale: Tensor; zeroPoint: Tensor } {
  return { scale: Tensor.scalar('float32', scale), zeroPoint: Tensor.scalar(dtype, zeroPoint) };
}
