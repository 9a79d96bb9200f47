import { type OptimizerKind, optimizerStep, type OptimizerTensor } from '@gossamer/kernels';
import { hasAddon } from './has-addon.js';
import type { Optimizer, OptimizerOptions } from './optimizer.js';

/** What one step of several parameters takes beside their arrays. */
export interface StepOptions {
  /** Resolved, with the learning rate of the step. */
  readonly options: OptimizerOptions;
  /** From 1. */
  readonly step: number;
  /** Times the gradients. */
  readonly gradientFactor: number;
}

/** One step of several parameters in place, slots in the optimiser's order. */
export type StepParameters = (optimizer: Optimizer, tensors: readonly OptimizerTensor[], options: StepOptions) => void;

/** The fused kernel, over all parameters at once. */
export const nativeStep: StepParameters = (optimizer, tensors, { options, step, gradientFactor }) => {
  const { l1, ...hyper } = options;
  optimizerStep(optimizer.name as OptimizerKind, tensors, { ...hyper, step }, { l1, gradientFactor });
};

/** The same bits in plain TypeScript. */
export const portableStep: StepParameters = (optimizer, tensors, { options, step, gradientFactor }) => {
  const coefficients = { ...optimizer.hyper(step, options), gradientFactor };
  for (const { weight, gradient, slots, mask } of tensors) {
    const named = Object.fromEntries(optimizer.slots.map((name, i) => [name, slots[i]!]));
    optimizer.step({ weight, gradient, slots: named, mask }, coefficients);
  }
};

/** The kernel, or the portable step where the addon is missing. Both give the same bits, so that a checkpoint moves between them. */
export const chooseStep = (): StepParameters => (hasAddon() ? nativeStep : portableStep);
