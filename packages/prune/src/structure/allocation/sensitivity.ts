import type { DataSource } from '@gossamer/runtime';
import { ModelTrials } from '@gossamer/runtime';
import { keepLargest } from '../../masks/keep-largest.js';
import { maskModel } from '../../surgery/mask-model.js';
import { convexSegments } from '../../allocation/convex-segments.js';
import { changeOf } from '../../allocation/change-of.js';
import type { AllocationProblem, KeptCounts, ScoredGroup } from './allocation-problem.js';
import { smallestStep } from './smallest-step.js';

/** Shares of a group that are masked to see what the model says without them. */
const SHARES = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875] as const;

export interface SensitivityRun {
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (progress: { stage: string; done: number; total: number }) => void;
}

/** A step down of one group: how many of its units stay, and what that costs for what it saves. */
interface Step {
  readonly group: number;
  readonly kept: number;
  readonly price: number;
}

/**
 * Masks shares of each group, least important units first, measures the change of the outputs, and takes steps in the order of change for what
 * they save until enough is saved. Between measured shares the change counts as a straight line. Runs the data 7 times a group.
 */
export async function allocateSensitivity(
  problem: AllocationProblem,
  data: DataSource,
  run: SensitivityRun,
): Promise<KeptCounts> {
  const { threads, signal, onProgress } = run;
  const options = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const trials = await ModelTrials.open(problem.model, data, options);
  const steps: Step[] = [];
  for (const [group, scored] of problem.groups.entries()) {
    const points: { kept: number; change: number; saved: number }[] = [];
    for (const share of SHARES) {
      const kept = Math.max(1, Math.round(scored.group.units.length * (1 - share)));
      if (kept >= (points.at(-1)?.kept ?? scored.group.units.length)) continue;
      const gone = leastOf(scored, kept);
      const change = changeOf(await trials.measure(maskModel(problem.model, gone)));
      points.push({ kept, change, saved: problem.saved(gone) });
    }
    for (const { from, to, price } of convexSegments(scored.group.units.length, points))
      for (let kept = from - 1; kept >= to; kept--) steps.push({ group, kept, price });
    onProgress({ stage: 'sensitivity', done: group + 1, total: problem.groups.length });
  }
  steps.sort((a, b) => a.price - b.price || a.group - b.group || b.kept - a.kept);
  const counts = (taken: number) => {
    const kept = problem.groups.map(({ group }) => group.units.length);
    for (const step of steps.slice(0, taken)) kept[step.group] = Math.min(kept[step.group]!, step.kept);
    return kept;
  };
  return counts(smallestStep(steps.length, (taken) => problem.isMet(counts(taken))));
}

const leastOf = ({ group, scores }: ScoredGroup, kept: number) => {
  const stays = keepLargest(scores, kept);
  return group.units.filter((_, i) => stays[i] === 0);
};
