import type { Model, TypeTable } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import type { PruneGroup } from '../groups/prune-group.js';

/** What a criterion may look at. */
export interface GroupContext {
  readonly model: Model;
  readonly types: TypeTable;
  /** Groups of this model whose units are to be scored. */
  readonly groups: readonly PruneGroup[];
  readonly data: DataSource | undefined;
  /** Samples at most. */
  readonly samples: number;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: { stage: string; done: number; total: number }) => void;
  readonly warn: (text: string) => void;
}

/** Scores of a group's units, larger is more important; or why there are none. */
export type GroupScores = Float64Array | string;

/** How important the units of groups are. One file each. */
export interface GroupCriterion {
  readonly name: string;
  /** Samples, samples with labels, or nothing. */
  readonly needs: 'nothing' | 'inputs' | 'labels';
  /** Scores of different groups are on one scale, that of the loss. Else they mean something within a group only. */
  readonly isGlobal: boolean;
  /** Also scores units that are in bodies of control flow; else those are left. */
  readonly seesBodies: boolean;
  /** One entry a group, in their order. */
  score(context: GroupContext): Promise<GroupScores[]>;
}
