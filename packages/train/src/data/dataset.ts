import type { DType } from '@gossamer/graph';

export type Numbers = Float32Array | BigInt64Array | Int32Array | Uint8Array | Float64Array;

/** One array of a dataset: what a sample has of it. */
export interface SampleArray {
  readonly dtype: DType;
  /** Without the axis of samples. */
  readonly shape: readonly number[];
}

/** Samples that can be read in any order: inputs of the model by name, and what losses ask for (`labels`, `targets`). */
export interface Dataset {
  /** Number of samples. */
  readonly length: number;
  readonly arrays: ReadonlyMap<string, SampleArray>;
  /** Writes sample `indices[r]` to row r of `into[name]`, for every name of `into`. */
  read(indices: Uint32Array, into: Readonly<Record<string, Numbers>>): void;
}

/** The samples `indices` of `dataset`, in their order. */
export function subset(dataset: Dataset, indices: Uint32Array): Dataset {
  return {
    length: indices.length,
    arrays: dataset.arrays,
    read: (wanted, into) =>
      dataset.read(
        Uint32Array.from(wanted, (i) => indices[i]!),
        into,
      ),
  };
}
