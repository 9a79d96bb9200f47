import type { AllocationProblem, KeptCounts, ScoredGroup } from './allocation-problem.js';
import { smallestStep } from './smallest-step.js';

/**
 * The least important units of all groups go, as many as save enough. Scores on the scale of the loss are divided by what a unit saves; others by the mean of their group.
 * One unit of each group stays. Ties go by the order of groups and units.
 */
export function allocateGlobal(problem: AllocationProblem, isComparable: boolean): KeptCounts {
  const ranked = problem.groups.flatMap((own, group) => {
    const scale = isComparable ? problem.saved([own.group.units[0]!]) : meanOf(own);
    const ranks = Array.from(own.scores, (score) => ({ group, rank: scale > 0 ? score / scale : score }));
    const order = ranks.sort((a, b) => a.rank - b.rank);
    return order.slice(0, -1).filter(({ rank }) => rank < Infinity);
  });
  // A stable sort keeps the order of groups among equals.
  ranked.sort((a, b) => a.rank - b.rank);
  const counts = (gone: number) => {
    const kept = problem.groups.map(({ group }) => group.units.length);
    for (const { group } of ranked.slice(0, gone)) kept[group]!--;
    return kept;
  };
  return counts(smallestStep(ranked.length, (gone) => problem.isMet(counts(gone))));
}

function meanOf({ scores }: ScoredGroup): number {
  const finite = scores.filter(Number.isFinite);
  return finite.reduce((a, b) => a + b, 0) / Math.max(1, finite.length);
}
