import type { Model, TypeTable } from '@gossamer/graph';
import type { PruneGroup, PruneUnit } from '../../groups/prune-group.js';
import { unitsCost } from '../../groups/unit-cost.js';
import { keepLargest } from '../../masks/keep-largest.js';
import { roundKept } from '../../widths/round-kept.js';
import type { WidthGrid } from '../../widths/width-grid.js';

/** Groups with scores of their units, of which a part is to go. */
export interface ScoredGroup {
  readonly group: PruneGroup;
  /** Larger is more important; Infinity: stays. */
  readonly scores: Float64Array;
}

/** How many units of each group are wanted to stay, before the grid; entry by entry of the groups. */
export type KeptCounts = readonly number[];

/** What is asked of an allocation: the groups, what a choice saves, and how much is to be saved. */
export class AllocationProblem {
  constructor(
    readonly model: Model,
    readonly types: TypeTable,
    readonly groups: readonly ScoredGroup[],
    private readonly of: 'macs' | 'parameters',
    private readonly grid: WidthGrid,
    /** Of what `of` counts. */
    readonly wanted: number,
  ) {}

  /** The units that go where `kept` of each group are to stay: widths of the grid, one unit at least, of equal scores the last. */
  goners(kept: KeptCounts): PruneUnit[] {
    return this.groups.flatMap(({ group, scores }, i) => {
      const count = Math.max(1, Math.round(kept[i]!));
      if (count >= group.units.length) return [];
      const protectedUnits = scores.filter((score) => score === Infinity).length;
      const stays = keepLargest(scores, Math.max(roundKept(group, count, this.grid), protectedUnits));
      return group.units.filter((_, unit) => stays[unit] === 0);
    });
  }

  saved(units: readonly PruneUnit[]): number {
    return unitsCost(this.model, units, this.types)[this.of];
  }

  isMet(kept: KeptCounts): boolean {
    return this.saved(this.goners(kept)) >= this.wanted;
  }
}
