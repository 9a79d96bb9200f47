import type { BlockSize, EqualizeMethod, Granularity, Mapping, QuantizeMode } from './choices.js';
import type { UnitAlgorithm, WeightAlgorithm } from './algorithms/weight-algorithm.js';

import type { QuantizeOptions } from './options.js';
import type { SchemeOptions } from './schemes/scheme-options.js';

/** Weights of all modes, without schemes. */
export const PLAIN_WEIGHTS = ['int8', 'uint8', 'int4', 'uint4'] as const;

/** Options with every default filled in and every combination checked. */
export interface ResolvedOptions
  extends
    Required<
      Omit<
        QuantizeOptions,
        'preset' | 'algorithm' | 'equalize' | 'data' | 'accuracy' | 'folder' | 'threads' | 'signal' | 'onProgress'
      >
    >,
    Pick<QuantizeOptions, 'data' | 'accuracy' | 'folder' | 'threads' | 'signal' | 'onProgress'> {
  readonly mode: QuantizeMode;
  /** Weight-only mode by schemes and algorithms; undefined: plain codes rounded to nearest. */
  readonly schemes?: SchemeOptions;
  /** Weight-only mode by float16 tensors. */
  readonly isFloat16?: boolean;
  /** Static mode: how codes are chosen on the grids of rounding; undefined: rounded to nearest. */
  readonly rounding?: WeightAlgorithm | UnitAlgorithm;
  readonly weights: (typeof PLAIN_WEIGHTS)[number];
  readonly bits: 4 | 8;
  readonly granularity: Granularity;
  readonly mapping: Mapping;
  readonly blockSize: BlockSize;
  readonly equalize: readonly EqualizeMethod[];
}
