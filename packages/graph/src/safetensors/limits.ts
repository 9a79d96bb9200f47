/** Bounds on what a safetensors header may make this process do. */
export interface SafetensorsLimits {
  /** Bytes of the header; default 100,000,000, as in the reference reader. */
  readonly maxHeaderBytes: number;
  /** Tensors and metadata entries together; default 200,000. */
  readonly maxEntries: number;
  /** Bytes of all names and metadata strings together; default 16 MiB. */
  readonly maxStringBytes: number;
  /** Dimensions of one tensor; default 64. */
  readonly maxRank: number;
}

export const DEFAULT_SAFETENSORS_LIMITS: SafetensorsLimits = {
  maxHeaderBytes: 100_000_000,
  maxEntries: 200_000,
  maxStringBytes: 16 * 2 ** 20,
  maxRank: 64,
};
