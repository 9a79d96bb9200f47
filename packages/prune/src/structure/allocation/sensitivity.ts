import type { DataSource } from '@gossamer/runtime';
import { ModelTrials } from '@gossamer/runtime';
import { keepLargest } from '../../masks/keep-largest.js';
import { maskModel } from '../../surgery/mask-model.js';
import { changeOf } from '../change-of.js';
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
    steps.push(...convexSteps(group, scored.group.units.length, points));
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

/** One step a unit, priced along the lower convex hull of change over what is saved: prices of a group ascend. */
function convexSteps(
  group: number,
  had: number,
  points: readonly { readonly kept: number; readonly change: number; readonly saved: number }[],
): Step[] {
  const steps: Step[] = [];
  let at = { kept: had, change: 0, saved: 0 };
  for (let first = 0; first < points.length;) {
    const price = (i: number) => (points[i]!.change - at.change) / Math.max(1, points[i]!.saved - at.saved);
    let best = first;
    for (let i = first + 1; i < points.length; i++) if (price(i) <= price(best)) best = i;
    for (let kept = at.kept - 1; kept >= points[best]!.kept; kept--) steps.push({ group, kept, price: price(best) });
    at = points[best]!;
    first = best + 1;
  }
  return steps;
}
