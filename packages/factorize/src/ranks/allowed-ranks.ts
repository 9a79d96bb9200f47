import type { RankRule } from '../resolve-options.js';

/** The ranks that a layer may be given, of at most `limit`: the one that was asked for, or multiples of `roundTo`. */
export function allowedRanks(rule: RankRule, roundTo: number): (limit: number) => number[] {
  if (rule.kind === 'rank') return (limit) => (limit < 1 ? [] : [Math.min(rule.rank, limit)]);
  return (limit) => Array.from({ length: Math.floor(limit / roundTo) }, (_, i) => (i + 1) * roundTo);
}
