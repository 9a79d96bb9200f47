import { optimizerStep, type OptimizerTensor } from '@gossamer/kernels';
import { hasAddon } from './has-addon.js';
import type { Optimizer } from './optimizer.js';
import type { StepCoefficients } from './step-coefficients.js';

/** One step of several parameters in place, slots in the optimiser's order. */
export type StepParameters = (
  optimizer: Optimizer,
  tensors: readonly OptimizerTensor[],
  coefficients: StepCoefficients,
) => void;

/** The fused kernel, over all parameters at once. */
export const nativeStep: StepParameters = ({ rule }, tensors, coefficients) =>
  optimizerStep(rule, tensors, coefficients);

/** The same bits in plain TypeScript. */
export const portableStep: StepParameters = (optimizer, tensors, coefficients) => {
  for (const { weight, gradient, slots, mask } of tensors) {
    const named = Object.fromEntries(optimizer.slots.map((name, i) => [name, slots[i]!]));
    optimizer.step({ weight, gradient, slots: named, mask }, coefficients);
  }
};

/** The kernel, or the portable step where the addon is missing. Both give the same bits, so that a checkpoint moves between them. */
export const chooseStep = (): StepParameters => (hasAddon() ? nativeStep : portableStep);
