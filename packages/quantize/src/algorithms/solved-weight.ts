import type { QuantizedMatrix } from '../grid/quantized-matrix.js';

/** A weight on its grid. */
export interface SolvedWeight {
  /** One a group. */
  readonly matrices: readonly QuantizedMatrix[];
  /** Whose codes these are; 'nearest' where the algorithm did not beat rounding, or could not be asked. */
  readonly algorithm: string;
  /** Why it is not the algorithm that was asked for. */
  readonly reason?: string;
  /** Output error of the algorithm's codes over that of the nearest ones; undefined where the layer's inputs are not known. */
  readonly errorRatio?: number;
}
