import type { Value } from '@gossamer/graph';
import type { AxisCells } from './axis-cells.js';

/** Pairs of cells that go together. */
export interface CellPairs {
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** One way in which an operator's axes may shrink, of several that exclude each other. */
export interface Candidate {
  readonly pairs: () => CellPairs;
  /** Axes that then keep their length. */
  readonly frozen: readonly (readonly [value: Value, axis: number])[];
}

/** Several ways; the first one that leaves at least two sets which may go is taken. */
export interface Choice {
  readonly reason: string;
  readonly candidates: readonly Candidate[];
}

/** Takes one candidate, and ties and freezes what it says. Where none leaves anything to remove, all axes concerned are frozen. */
export function settle(choice: Choice, cells: AxisCells): void {
  for (const candidate of choice.candidates) {
    const pairs = candidate.pairs();
    if (!leavesSets(candidate, pairs, cells)) continue;
    apply(candidate, pairs, choice.reason, cells);
    return;
  }
  const ends = choice.candidates.map(({ pairs }) => pairs()).flatMap(({ a, b }) => [a, b]);
  const cause = firstReason(ends, cells);
  const reason = cause === undefined ? choice.reason : `${choice.reason}: ${cause}`;
  for (const side of ends) for (const cell of side) cells.freeze(cell, reason);
  for (const { frozen } of choice.candidates) for (const [value, axis] of frozen) cells.freezeAxis(value, axis, reason);
}

/** Why some of the cells stay, where one does. */
function firstReason(ends: readonly Int32Array[], cells: AxisCells): string | undefined {
  for (const side of ends) {
    for (const cell of side) {
      const reason = cells.frozen(cell);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

function apply({ frozen }: Candidate, { a, b }: CellPairs, reason: string, cells: AxisCells): void {
  for (let i = 0; i < a.length; i++) cells.union(a[i]!, b[i]!);
  for (const [value, axis] of frozen) cells.freezeAxis(value, axis, reason);
}

/** True when, with the pairs tied, two or more sets among them are not frozen. */
function leavesSets({ frozen }: Candidate, { a, b }: CellPairs, cells: AxisCells): boolean {
  const parent = new Map<number, number>();
  const find = (root: number): number => {
    let at = root;
    for (let up = parent.get(at); up !== undefined; up = parent.get(at)) {
      // Halves the way for those who come after.
      const above = parent.get(up);
      if (above !== undefined) parent.set(at, above);
      at = up;
    }
    return at;
  };
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [find(cells.find(a[i]!)), find(cells.find(b[i]!))];
    if (x !== y) parent.set(Math.max(x, y), Math.min(x, y));
  }
  const stays = new Set<number>();
  for (const [value, axis] of frozen) {
    const length = cells.length(value, axis) ?? 0;
    for (let i = 0; i < length; i++) stays.add(find(cells.find(cells.cell(value, axis, i))));
  }
  for (const side of [a, b]) {
    for (const cell of side) if (cells.frozen(cell) !== undefined) stays.add(find(cells.find(cell)));
  }
  const free = new Set<number>();
  for (const cell of a) {
    const root = find(cells.find(cell));
    if (!stays.has(root)) free.add(root);
    if (free.size > 1) return true;
  }
  return false;
}
