import { GossamerError } from '@gossamer/graph';
import type { Operations } from '@gossamer/native';
import type { KernelErrorCode } from './error-codes.js';
import { type NativeCall, runCall, runCallAsync } from './native-call.js';
import { kernelRule, type OptimizerCoefficients, type OptimizerRule, packCoefficients } from './optimizer-rule.js';
import { requireArray, requireLength } from './require-array.js';

/** One weight and what belongs to it, all of one length; no two arrays of a call may overlap but gradients and masks. */
export interface OptimizerTensor {
  /** Changed in place. */
  readonly weight: Float32Array;
  readonly gradient: Float32Array;
  /** What the rule remembers, 0 before the first step, in the order of optimizer_f32.h; changed in place. */
  readonly slots: readonly Float32Array[];
  /** An element of 0: that weight and what the rule remembers of it become exactly 0. Default: none are masked. */
  readonly mask?: Uint8Array | Float32Array | undefined;
}

function stepCall(
  rule: OptimizerRule,
  tensors: readonly OptimizerTensor[],
  coefficients: OptimizerCoefficients,
): NativeCall<'optimizerStep', void> {
  const { code, slots: slotCount } = kernelRule(rule);
  const packed = packCoefficients(coefficients);
  const arrays: Operations['optimizerStep'][2][] = [];
  tensors.forEach(({ weight, gradient, slots, mask }, i) => {
    const name = `tensors[${i}]`;
    requireArray(`${name}.weight`, weight, 'Float32Array');
    requireArray(`${name}.gradient`, gradient, 'Float32Array');
    requireLength(`${name}.gradient`, gradient, weight.length);
    if (slots.length !== slotCount) {
      throw new GossamerError<KernelErrorCode>(
        'ERR_WRONG_LENGTH',
        `${name}.slots: expected ${slotCount} arrays for ${rule}, received ${slots.length}`,
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
  return { operation: 'optimizerStep', args: [code, packed, ...arrays], finish: () => undefined };
}

/**
 * One training step of every tensor, in place and in one pass over its arrays (float32; the same bits on every CPU and at every number of
 * threads). Formulas and sources: native/kernels/optimizer_f32/optimizer_f32.h; the coefficients of published rules: @gossamer/train. A call
 * that throws has changed nothing.
 */
export function optimizerStep(
  rule: OptimizerRule,
  tensors: readonly OptimizerTensor[],
  coefficients: OptimizerCoefficients,
): void {
  runCall(stepCall(rule, tensors, coefficients));
}

/** `optimizerStep` on the thread pool. It cannot be stopped: half a step is no state of training. Until it settles no array may be touched. */
export async function optimizerStepAsync(
  rule: OptimizerRule,
  tensors: readonly OptimizerTensor[],
  coefficients: OptimizerCoefficients,
): Promise<void> {
  return runCallAsync(stepCall(rule, tensors, coefficients));
}
