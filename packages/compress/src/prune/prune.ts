import type { AccuracyGoal } from '@gossamer/quantize';
import { pruneWeights, type PruneWeightsOptions } from '@gossamer/prune';
import { accuracyGate, type AccuracyResult } from '../accuracy-gate.js';
import { loadAnyModel } from '../convert.js';
import { type ModelInput, OnnxModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';
import { compareWeights } from './compare-weights.js';
import { pruneHints } from './prune-hints.js';
import { type PrunedLayer, type PruneReport, totals } from './prune-report.js';

export interface PruneOptions extends Omit<PruneWeightsOptions, 'signal' | 'onProgress'>, WorkOptions {
  /** Refuse a result whose metric has fallen by more. Default: none. */
  readonly accuracy?: AccuracyGoal;
}

export interface PruneResult {
  /** The pruned model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  /** What was done to each layer, and why. */
  readonly report: PruneReport;
  /** Of weights whose elements were chosen, by name of the stored tensor and in its layout, 1: stays. */
  readonly masks: ReadonlyMap<string, Uint8Array>;
  /** With `accuracy`. */
  readonly accuracy?: AccuracyResult;
}

const REMEDY = 'prune less, leave out what the report shows (exclude), or train on with the zeros kept';

/**
 * Sets weights of least importance to 0, in the pattern asked for; what stays keeps its bits. Opens ONNX, .gsm and TF.js (model.json) files. The input never changes. Throws ERR_PRUNE_OPTION,
 * ERR_PRUNE_DATA, ERR_ACCURACY.
 */
export async function prune(input: ModelInput, options: PruneOptions = {}): Promise<PruneResult> {
  const { accuracy, ...choice } = options;
  const source = typeof input === 'string' ? await loadAnyModel(input) : input;
  const gate = accuracy && (await accuracyGate(source, accuracy, options));
  const { model: ir, masks, report: made } = await pruneWeights(source.ir, choice);
  const model = new OnnxModel(ir, source, { integerProducts: 0, isCalibrated: false, remedy: REMEDY });
  const { pattern = 'unstructured', criterion = 'magnitude' } = choice;
  const reasons = new Map(made.left.map(({ name, reason }) => [name, reason]));
  const layers = compareWeights(source.ir, ir).map(({ bytes, ...layer }): PrunedLayer => {
    const reason = reasons.get(layer.name);
    const share = layer.elements.after > 0 ? ` ${percent(layer.zeros.after / layer.elements.after)} are 0` : '';
    return {
      ...layer,
      bytes,
      action: reason === undefined ? 'pruned' : 'left',
      reason: reason ?? `${pattern} by ${criterion}:${share || ' its weight is that of another layer'}`,
    };
  });
  const summary = { pattern, criterion, layers, ...totals(layers) };
  const report = { ...summary, hints: pruneHints(summary), warnings: made.warnings };
  return { model, report, masks, ...(gate ? { accuracy: await gate(model) } : {}) };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
