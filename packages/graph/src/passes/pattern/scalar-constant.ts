import type { DType } from '../../dtype.js';
import type { TypeTable } from '../../inference/type-table.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';

/** The number of a constant of one element that broadcasts `x` to nothing larger: its rank is proved to be no higher. */
export function scalarConstant(value: Value | undefined, x: Value, types: TypeTable): number | undefined {
  const { constant } = value ?? {};
  if (constant?.length !== 1 || constant.dtype === 'string') return undefined;
  const rank = constant.dims.length === 0 ? 0 : types.shapeOf(x)?.length;
  return rank !== undefined && constant.dims.length <= rank ? constant.item() : undefined;
}

/** `real` rounded to `dtype`. */
export function nearest(real: number, dtype: DType): number {
  return Tensor.scalar(dtype, real).item();
}

/** Half the distance from 1 to the next number of a float type: the largest relative error of rounding. */
export const UNIT_ROUNDOFF: Partial<Record<DType, number>> = {
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
  float32: 2 ** -24,
  float64: 2 ** -53,
};
