import { Tensor } from '@gossamer/graph';
import { levelTable } from './level-table.js';
import type { Scheme } from './scheme.js';

export type Float8Dtype = 'float8e4m3fn' | 'float8e5m2';

/** By format: its finite values, ascending. */
export const FLOAT8_LEVELS: Readonly<Record<Float8Dtype, Float32Array>> = {
  float8e4m3fn: finiteValues('float8e4m3fn'),
  float8e5m2: finiteValues('float8e5m2'),
};

/** 8-bit floats: all finite values of the format, times a scale. Source: ONNX, "Float stored in 8 bits"; Micikevicius et al., arXiv:2209.05433. */
export function float8(format: Float8Dtype): Scheme {
  return levelTable(format, 8, FLOAT8_LEVELS[format]);
}

/** The byte of `dtype` that stands for `level`, one of its values. */
export function float8Bits(level: number, dtype: Float8Dtype): number {
  return Tensor.fromNumbers(dtype, [], [level]).bytes()[0]!;
}

function finiteValues(format: Float8Dtype): Float32Array {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const values = Tensor.of(format, [codes.length], codes).toFloat32().filter(Number.isFinite);
  return Float32Array.from(new Set(values.map((value) => value + 0))).sort();
}
