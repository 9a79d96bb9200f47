import { levelTable } from './level-table.js';
import type { Scheme } from './scheme.js';

/** Codes of com.microsoft::MatMulBnb4 with quant_type 1: quantiles of the normal distribution, with an exact 0. Source: Dettmers et al., "QLoRA", NeurIPS 2023, appendix E. */
export const NF4_VALUES = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/** By code, com.microsoft::MatMulBnb4 with quant_type 0: floats of 1 sign, 2 exponent and 1 mantissa bit over their largest; code 8 is a second 0. */
export const FP4_VALUES = Float32Array.of(
  ...[0, 0.00520833333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25],
  ...[-0, -0.00520833333, -0.66666667, -1, -0.33333333, -0.5, -0.16666667, -0.25],
);

/** The distinct values of FP4, ascending. */
export const FP4_LEVELS = Float32Array.from(new Set(FP4_VALUES.map((x) => x + 0))).sort();

export const nf4: Scheme = levelTable('nf4', 4, NF4_VALUES);
export const fp4: Scheme = levelTable('fp4', 4, FP4_LEVELS);
