import { GossamerError } from '@gossamer/graph';

/** Widths that a target runs well: for a wanted width, between 1 and `total`, the one to keep. */
export type WidthGrid = (wanted: number, total: number) => number;

/** Below this width a vector of 16 would be half empty. */
const NARROW = 32;

/** Floats in ONNX Runtime: the nearest multiple of 16, of 8 below 32; halves go up, never above `total`. */
export const floatGrid: WidthGrid = (wanted, total) => {
  const step = wanted < NARROW ? 8 : 16;
  return Math.min(total, Math.max(step, Math.round(wanted / step) * step));
};

/** One width and what it costs there: time, or anything else that grows with it. */
export interface WidthCost {
  readonly width: number;
  readonly cost: number;
}

/**
 * A grid from measured costs: the widest width that costs no more than the first measured one that is not below the wanted one. Throws
 * ERR_PRUNE_OPTION for an empty table and for widths that do not ascend.
 */
export function measuredGrid(table: readonly WidthCost[]): WidthGrid {
  requireCosts(table);
  return (wanted, total) => {
    const first = table.find(({ width }) => width >= wanted);
    if (!first || first.width > total) return total;
    const asCheap = table.filter(({ width, cost }) => width <= total && cost <= first.cost);
    return asCheap.at(-1)!.width;
  };
}

/** Throws ERR_PRUNE_OPTION for an empty table, widths that do not ascend, costs that are no positive numbers. */
export function requireCosts(table: readonly WidthCost[]): void {
  const isAscending = table.every(({ width, cost }, i) => {
    const before = table[i - 1]?.width ?? 0;
    return Number.isInteger(width) && width > before && cost > 0 && Number.isFinite(cost);
  });
  if (table.length === 0 || !isAscending) {
    const received = JSON.stringify(table);
    throw new GossamerError(
      'ERR_PRUNE_OPTION',
      `widths: expected ascending widths with finite costs, received ${received}`,
    );
  }
}
