import { requireCosts, type WidthCost, type WidthGrid } from './width-grid.js';

/**
 * A grid from measured costs where they grow by steps: the nearest of the widths that do more for their cost (width² over it) than any narrower one, and cost less than all wider ones, halves up, never above `total`; beyond the table multiples of `step`. Throws
 * ERR_PRUNE_OPTION for an empty table and for widths that do not ascend.
 */
export function efficientGrid(table: readonly WidthCost[], step: number): WidthGrid {
  requireCosts(table);
  let best = 0;
  const widths: number[] = [];
  for (const [i, { width, cost }] of table.entries()) {
    const isBeaten = table.slice(i + 1).some((wider) => wider.cost <= cost);
    if (isBeaten || width ** 2 / cost <= best) continue;
    best = width ** 2 / cost;
    widths.push(width);
  }
  const last = widths.at(-1)!;
  return (wanted, total) => {
    const nearest =
      wanted > last
        ? Math.max(last, Math.round(wanted / step) * step)
        : widths.reduce((a, b) => (Math.abs(b - wanted) <= Math.abs(a - wanted) ? b : a));
    return Math.min(total, nearest);
  };
}
