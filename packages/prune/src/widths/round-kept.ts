import type { PruneGroup } from '../groups/prune-group.js';
import type { WidthGrid } from './width-grid.js';

/**
 * How many units of a group to keep when `kept` are wanted, so that its layer has a width of the grid; never more than it has, at least one. A
 * unit counts as wide as the slice of the first parameter that makes it: a head is as wide as its rows.
 */
export function roundKept({ units }: PruneGroup, kept: number, grid: WidthGrid): number {
  const size = units[0]!.members.find(({ role }) => role === 'output')!.indices.length;
  const width = grid(Math.max(1, kept) * size, units.length * size);
  return Math.min(units.length, Math.max(1, Math.ceil(width / size)));
}
