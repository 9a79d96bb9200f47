import type { FloatArray } from './meant-part.js';

/** Vectors that the matrix of one group multiplies: [rows, columns], row-major. */
export interface RowBlock {
  readonly group: number;
  readonly rows: number;
  readonly data: Float32Array;
}

/** Which vectors to take of an input. */
export interface RowRequest {
  /** Number of the first image among those of all runs: choices depend on it, not on batches. */
  readonly first: number;
  /** Vectors to take of each image, where there are more. */
  readonly perImage: number;
  readonly seed: number;
  /** Steps of each sequence that count; undefined: all. */
  readonly lengths: readonly number[] | undefined;
}

/** How a layer takes vectors out of its input. */
export interface RowReader {
  /** Input slot of the node that holds what the weight multiplies. */
  readonly inputIndex: number;
  /** Slot whose lengths say how much of each sequence counts; undefined: all of it. */
  readonly lengthsIndex?: number;
  /** Matrices with inputs of their own: as many as the weight has, or 1 where all have the same. */
  readonly groups: number;
  /** Matrices of the weight. */
  readonly matrices: number;
  readonly columns: number;
  /** Readers of one value with equal keys take the same vectors. */
  readonly key: string;
  /** Vectors of each image (along the first axis of `input`), of which some will do; absent: all are taken. */
  positions?(input: FloatArray): number;
  read(input: FloatArray, request: RowRequest): Iterable<RowBlock>;
}
