import type { Model } from '@gossamer/graph';

/** What a transformation did with one layer (or one node that could have taken a scale), or why it did nothing. */
export interface EqualizeNote {
  /** Id of the node. */
  readonly layer: string;
  readonly done: boolean;
  /** What was done, or the reason why not, in plain words. */
  readonly text: string;
}

/** What an equivalent transformation makes. */
export interface EqualizeResult {
  /** A copy; the original is not changed. */
  readonly model: Model;
  readonly report: readonly EqualizeNote[];
}
