import type { AccuracyGoal } from '@gossamer/quantize';
import { pruneWeights, type PruneWeightsOptions } from '@gossamer/prune';
import { accuracyGate, type AccuracyResult } from '../accuracy-gate.js';
import { loadAnyModel } from '../convert.js';
import { type ModelInput, OnnxModel, toModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';
import { compareWeights } from './compare-weights.js';
import { pruneHints } from './prune-hints.js';
import { type PrunedLayer, type PruneReport, totals } from './prune-report.js';

export interface PruneOptions extends Omit<PruneWeightsOptions, 'teacher' | 'signal' | 'onProgress'>, WorkOptions {
  /** Draws labels for gradients where the data have none. Default: the model itself. */
  readonly teacher?: ModelInput;
  /** Train the pruned model on, its zeros masked. Default: not at all. */
  readonly recovery?: RecoveryOptions;
  /** Folder for the checkpoint and the log of the recovery, which goes on there after an interruption and ends in the same bytes. Default: none. */
  readonly run?: string;
  /** Refuse a result whose metric has fallen by more. Default: none. */
  readonly accuracy?: AccuracyGoal;
}

export interface PruneResult {
  /** The pruned model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  /** What was done to each layer, and why. */
  readonly report: PruneReport;
  /** With `recovery`. */
  readonly recovery?: RecoveryReport;
  /** With `accuracy`. */
  readonly accuracy?: AccuracyResult;
}

const REMEDY = 'prune less, leave out what the report shows (exclude), or train on with the zeros kept';

/**
 * Sets weights of least importance to 0, in the pattern asked for; what stays keeps its bits, or becomes what `update` makes of it. Opens ONNX, .gsm and TF.js (model.json) files. The input never changes. Throws ERR_PRUNE_OPTION,
 * ERR_PRUNE_DATA, ERR_ACCURACY.
 */
export async function prune(input: ModelInput, options: PruneOptions = {}): Promise<PruneResult> {
  const { accuracy, teacher, ...choice } = options;
  const source = typeof input === 'string' ? await loadAnyModel(input) : input;
  const gate = accuracy && (await accuracyGate(source, accuracy, options));
  const {
    model: ir,
    masks,
    report: made,
  } = await pruneWeights(source.ir, {
    ...choice,
    ...(teacher === undefined ? {} : { teacher: (await toModel(teacher)).ir }),
  });
  const model = new OnnxModel(ir, source, { integerProducts: 0, isCalibrated: false, remedy: REMEDY });
  const { pattern = 'unstructured', update = 'none' } = choice;
  const criterion = choice.criterion ?? (update === 'none' ? 'magnitude' : update);
  const reasons = new Map(made.left.map(({ name, reason }) => [name, reason]));
  const rises = new Map(
    made.weights.flatMap(({ layers: [name], rise }) => (rise === undefined ? [] : [[name!, rise]])),
  );
  const layers = compareWeights(source.ir, ir).map(({ bytes, ...layer }): PrunedLayer => {
    const reason = reasons.get(layer.name);
    const share = layer.elements.after > 0 ? ` ${percent(layer.zeros.after / layer.elements.after)} are 0` : '';
    return {
      ...layer,
      bytes,
      action: reason === undefined ? 'pruned' : 'left',
      reason: reason ?? `${pattern} by ${criterion}:${share || ' its weight is that of another layer'}`,
      ...(rises.has(layer.name) ? { rise: rises.get(layer.name)! } : {}),
    };
  });
  const summary = { pattern, criterion, layers, ...totals(layers) };
  const report = { ...summary, hints: pruneHints(summary), warnings: made.warnings };
  return { model, report, masks, ...(gate ? { accuracy: await gate(model) } : {}) };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
