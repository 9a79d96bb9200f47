import type { FrozenAxis, UnitKind } from '../groups/prune-group.js';

/** What became of a group of units. */
export interface GroupReport {
  /** Id of the first layer that makes the units, made unique. */
  readonly id: string;
  readonly kind: UnitKind;
  /** All layers whose weights make the units. */
  readonly layers: readonly string[];
  readonly had: number;
  readonly kept: number;
  /** Why it was left whole, or why units stayed that were to go. */
  readonly reason?: string;
}

/** What became of a residual block. */
export interface BlockReport {
  readonly id: string;
  readonly isRemoved: boolean;
  /** Change of the model's outputs without it, at the time it was decided: KL in nats where there are logits, else noise to signal. */
  readonly change?: number;
}

export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

export interface StructureReport {
  readonly criterion: string;
  readonly groups: readonly GroupReport[];
  readonly blocks: readonly BlockReport[];
  /** Output features that cannot go, and why. */
  readonly frozen: readonly FrozenAxis[];
  /** Of one run, unbound symbols taken as 1. */
  readonly macs: BeforeAfter;
  /** Elements of constants. */
  readonly parameters: BeforeAfter;
  readonly warnings: readonly string[];
}
