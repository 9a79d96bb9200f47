import type { AccuracyGoal } from '@gossamer/quantize';
import { type PruneStructureOptions, type PruneWeightsOptions, STRUCTURE_PATTERNS } from '@gossamer/prune';
import { accuracyGate, type AccuracyResult } from '../accuracy-gate.js';
import { checkBindings } from '../check-bindings.js';
import { loadAnyModel } from '../convert.js';
import { type ModelInput, OnnxModel, toModel } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';
import { pruneElements } from './prune-elements.js';
import { pruneStructure } from './prune-structure.js';
import { badOption } from './bad-option.js';
import type { PruneReport } from './prune-report.js';
import { openRecovery, type RecoveryOptions, type RecoveryReport } from './recovery.js';
import { reportOf } from './report-of.js';

export interface PruneOptions
  extends
    Omit<PruneWeightsOptions, 'pattern' | 'allocation' | 'teacher' | 'signal' | 'onProgress'>,
    Pick<PruneStructureOptions, 'of' | 'bind' | 'widths' | 'grid' | 'allowInexact'>,
    WorkOptions {
  /**
   * Elements: 'unstructured', 'N:M', 'maxN:M' or 'block:AxB'. Structure, one or several: 'channel', 'neuron', 'ffn', 'head', 'unit', 'layer'. Sparsity is a share of elements, or of what `of`
   * counts (multiply-accumulates or parameters). Default 'unstructured'.
   */
  readonly pattern?: string | readonly string[];
  /** Where it goes; of elements and of structure: 'uniform', 'global', 'sensitivity'; of elements 'row', 'erk'. Default: docs/prune.md. */
  readonly allocation?: PruneWeightsOptions['allocation'] | PruneStructureOptions['allocation'];
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
 * Takes out what is least important, in the pattern asked for: elements become 0, structure goes. What stays keeps its bits, or becomes what `update` or `recovery` make of it. Opens ONNX, .gsm and TF.js (model.json) files. The input never changes. Throws ERR_PRUNE_OPTION,
 * ERR_PRUNE_DATA, ERR_ACCURACY.
 */
export async function prune(input: ModelInput, options: PruneOptions = {}): Promise<PruneResult> {
  const { accuracy, recovery, run: _, teacher, ...choice } = options;
  const source = typeof input === 'string' ? await loadAnyModel(input) : input;
  checkBindings(source.ir, options.bind ?? {});
  const gate = accuracy && (await accuracyGate(source, accuracy, options));
  const learner = recovery && (await openRecovery(source, recovery, recoveryContext(options)));
  const how = { ...choice, ...(teacher === undefined ? {} : { teacher: (await toModel(teacher)).ir }) };
  const made = isStructure(options.pattern)
    ? await pruneStructure(source.ir, structureOptions(how), learner)
    : await pruneElements(source.ir, elementOptions(how), learner);
  const model = new OnnxModel(made.model, source, { integerProducts: 0, isCalibrated: false, remedy: REMEDY });
  const report = reportOf(source.ir, made, options.bind);
  return {
    model,
    report,
    ...(made.recovery ? { recovery: made.recovery } : {}),
    ...(gate ? { accuracy: await gate(model) } : {}),
  };
}

/** What a recovery shares with the pruning. */
function recoveryContext({ data, seed, threads, run, signal, onProgress }: PruneOptions) {
  return {
    ...(data ? { data } : {}),
    ...(seed === undefined ? {} : { seed }),
    ...(threads === undefined ? {} : { threads }),
    ...(run === undefined ? {} : { run }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  };
}

type Given = Omit<PruneOptions, 'accuracy' | 'recovery' | 'run' | 'teacher'> & Pick<PruneWeightsOptions, 'teacher'>;

const isStructure = (pattern: PruneOptions['pattern'] = 'unstructured'): boolean =>
  [pattern].flat().some((name) => (STRUCTURE_PATTERNS as readonly string[]).includes(name));

/** What the other kind of pattern has no use for. */
const OF_ELEMENTS = ['threshold', 'update', 'loss', 'teacher', 'batch'] as const;
const OF_STRUCTURE = ['of', 'widths', 'grid', 'allowInexact'] as const;

function structureOptions(given: Given): PruneStructureOptions {
  refuse(given, OF_ELEMENTS);
  return given as PruneStructureOptions;
}

function elementOptions({ bind: _, ...given }: Given): PruneWeightsOptions {
  refuse(given, OF_STRUCTURE);
  if (Array.isArray(given.pattern)) badOption('pattern', 'one pattern of elements', given.pattern.join(', '));
  return given as PruneWeightsOptions;
}

function refuse(given: Given, names: readonly (keyof Given)[]): void {
  const stranger = names.find((name) => given[name] !== undefined);
  if (stranger === undefined) return;
  badOption(stranger, `none with pattern ${[given.pattern ?? 'unstructured'].flat().join(', ')}`, 'one');
}
