/** Scores of a matrix's elements, larger is more important. */
export interface ScoredMatrix {
  /** [rows, columns], row-major; columns are what is summed over. */
  readonly scores: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** Columns that one input channel has side by side (WeightLayout of graph). */
  readonly taps: number;
}

/** Which elements of matrices may be 0. */
export interface Pattern {
  /** As users write it: unstructured, 2:4, max16:64, block:1x4. */
  readonly name: string;
  /** `keep` of every `group` elements along a row stay, and nothing else is asked: N:M. */
  readonly nOf?: { readonly keep: number; readonly group: number };
  /** Share of a matrix that goes in any case, whatever is asked for; undefined: as much as is asked for. */
  readonly fixed?: number;
  /** Why a matrix cannot have it; undefined: it can. */
  refuse?(rows: number, columns: number): string | undefined;
  /** 1 where an element stays: `count` of all matrices together (at most: whole units go), those of largest scores. */
  choose(matrices: readonly ScoredMatrix[], count: number): Uint8Array[];
}
