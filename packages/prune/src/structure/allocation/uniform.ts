import type { AllocationProblem, KeptCounts } from './allocation-problem.js';
import { smallestStep } from './smallest-step.js';

/** Shares are looked at in such steps: finer than a unit of any layer there is. */
const STEPS = 4096;

/** The same share of every group goes: the smallest that saves enough. */
export function allocateUniform(problem: AllocationProblem): KeptCounts {
  const counts = (step: number) => problem.groups.map(({ group }) => group.units.length * (1 - step / STEPS));
  return counts(smallestStep(STEPS, (step) => problem.isMet(counts(step))));
}
