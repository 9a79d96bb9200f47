import {
  factorize as factorizeGraph,
  type FactorizeOptions as GraphOptions,
  type FactorizeReport,
} from '@gossamer/factorize';
import type { AccuracyGoal } from '@gossamer/quantize';
import { accuracyGate, type AccuracyResult } from './accuracy-gate.js';
import { loadAnyModel } from './convert.js';
import { type ModelInput, OnnxModel } from './onnx-model.js';
import type { WorkOptions } from './progress.js';

export interface FactorizeOptions extends Omit<GraphOptions, 'signal' | 'onProgress'>, WorkOptions {
  /** Refuse a result whose metric has fallen by more. Default: none. */
  readonly accuracy?: AccuracyGoal;
  /** Of the sessions that measure. Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
}

export interface FactorizeResult {
  /** The factored model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  /** What was done to each layer, and why. */
  readonly report: FactorizeReport;
  /** With `accuracy`. */
  readonly accuracy?: AccuracyResult;
}

const REMEDY = 'keep more: a higher energy or rank, refit with data, or exclude layers';

/**
 * Writes layers as products of smaller ones, where bytes and multiply-accumulates both fall. Opens ONNX, .gsm and TF.js (model.json) files. The input never changes. Throws
 * ERR_FACTORIZE_OPTION, ERR_FACTORIZE_DATA, ERR_ACCURACY.
 */
export async function factorize(input: ModelInput, options: FactorizeOptions = {}): Promise<FactorizeResult> {
  const { accuracy, threads, ...choice } = options;
  const source = typeof input === 'string' ? await loadAnyModel(input) : input;
  const gate = accuracy && (await accuracyGate(source, accuracy, options));
  const { model: ir, report } = await factorizeGraph(source.ir, choice);
  const model = new OnnxModel(ir, source, { integerProducts: 0, isCalibrated: false, remedy: REMEDY });
  return { model, report, ...(gate ? { accuracy: await gate(model) } : {}) };
}
