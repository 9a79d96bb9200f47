import { GossamerError } from '@gossamer/graph';
import type { Operations } from '@gossamer/native';
import type { KernelErrorCode } from './error-codes.js';
import { type NativeCall, runCall, runCallAsync } from './native-call.js';
import {
  optimizerCoefficients,
  type OptimizerHyper,
  type OptimizerKind,
  type OptimizerOptions,
  optimizerSlots,
} from './optimizer-rule.js';
import { requireArray, requireLength } from './require-array.js';

/** One weight and what belongs to it, all of one length; no two arrays of a call may overlap but gradients and masks. */
export interface OptimizerTensor {
  /** Changed in place. */
  readonly weight: Float32Array;
  readonly gradient: Float32Array;
  /** What the rule remembers, as optimizerSlots names it; changed in place. */
  readonly slots: readonly Float32Array[];
  /** An element of 0: that weight and what the rule remembers of it become exactly 0. Default: none are masked. */
  readonly mask?: Uint8Array | Float32Array | undefined;
}

function stepCall(
  kind: OptimizerKind,
  tensors: readonly OptimizerTensor[],
  hyper: OptimizerHyper,
  options: OptimizerOptions,
): NativeCall<'optimizerStep', void> {
  const { code, coefficients } = optimizerCoefficients(kind, hyper, options);
  const names = optimizerSlots(kind);
  const arrays: Operations['optimizerStep'][2][] = [];
  tensors.forEach(({ weight, gradient, slots, mask }, i) => {
    const name = `tensors[${i}]`;
    requireArray(`${name}.weight`, weight, 'Float32Array');
    requireArray(`${name}.gradient`, gradient, 'Float32Array');
    requireLength(`${name}.gradient`, gradient, weight.length);
    if (slots.length !== names.length) {
      const expected = names.length === 0 ? 'none' : names.join(', ');
      throw new GossamerError<KernelErrorCode>(
        'ERR_WRONG_LENGTH',
        `${name}.slots: expected ${expected} for ${kind}, received ${slots.length} arrays`,
      );
    }
    slots.forEach((slot, at) => {
      requireArray(`${name}.slots[${at}]`, slot, 'Float32Array');
      requireLength(`${name}.slots[${at}]`, slot, weight.length);
    });
    if (mask !== undefined) {
      requireArray(`${name}.mask`, mask, 'Uint8Array', 'Float32Array');
      requireLength(`${name}.mask`, mask, weight.length);
    }
    arrays.push(gradient, weight, mask, ...slots);
  });
  return { operation: 'optimizerStep', args: [code, coefficients, ...arrays], finish: () => undefined };
}

/**
 * One training step of every tensor, in place and in one pass over its arrays (float32; the same bits on every CPU and at every number of
 * threads). The updates are the published ones, with the bias correction of PyTorch: formulas and sources in
 * native/kernels/optimizer_f32/optimizer_f32.h. A call that throws has changed nothing.
 *
 * Momentum that begins at 0 with dampening d takes 1 - d of the first gradient too; PyTorch takes all of the first one.
 */
export function optimizerStep(
  kind: OptimizerKind,
  tensors: readonly OptimizerTensor[],
  hyper: OptimizerHyper,
  options: OptimizerOptions = {},
): void {
  runCall(stepCall(kind, tensors, hyper, options));
}

/** `optimizerStep` on the thread pool. It cannot be stopped: half a step is no state of training. Until it settles no array may be touched. */
export async function optimizerStepAsync(
  kind: OptimizerKind,
  tensors: readonly OptimizerTensor[],
  hyper: OptimizerHyper,
  options: OptimizerOptions = {},
): Promise<void> {
  return runCallAsync(stepCall(kind, tensors, hyper, options));
}
