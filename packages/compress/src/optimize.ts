import { GossamerError } from '@gossamer/graph';
import { type BlockedFusion, type PipelineName, runPasses } from '@gossamer/graph/passes';
import { type GateOptions } from './save-gate.js';
import { type ModelInput, OnnxModel, toModel } from './onnx-model.js';
import type { WorkOptions } from './progress.js';
import type { Verification } from '@gossamer/runtime';

export interface OptimizeOptions extends WorkOptions {
  /**
   * Names of passes in their order, a pipeline ('default', or 'onnxruntime': that and what its CPU provider gains from), or 'none' for a
   * byte-identical copy. Default 'default'.
   */
  readonly passes?: readonly string[] | PipelineName | 'none';
  /** Raise the opset where a fusion needs a later one and every node upgrades. Default false. */
  readonly raiseOpset?: boolean;
}

export interface OptimizeResult {
  readonly model: OnnxModel;
  /** What each pass changed. */
  readonly applied: readonly { readonly pass: string; readonly changes: number }[];
  /** Fusions that wait for a later opset: `raiseOpset` makes them. */
  readonly blocked: readonly BlockedFusion[];
  readonly warnings: readonly string[];
}

/** Folds, fuses and eliminates: the same outputs from fewer nodes. The input does not change. */
export async function optimize(input: ModelInput, options: OptimizeOptions = {}): Promise<OptimizeResult> {
  const source = await toModel(input);
  const { passes = 'default', raiseOpset = false } = options;
  if (passes === 'none')
    return { model: new OnnxModel(source.ir.clone(), source), applied: [], blocked: [], warnings: [] };
  const { model, applied, blocked, warnings } = runPasses(source.ir, passes, {
    raiseOpset,
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress: ({ done, total }) => options.onProgress?.({ stage: 'optimize', done, total }),
  });
  return { model: new OnnxModel(model, source), applied, blocked, warnings };
}

/**
 * Outputs of an optimised model may differ by rounding only. Float32 rounding (2^-24 an operation) through 100 reordered layers
 * stays above 100 dB; 60 dB leaves room for sums of 10^5 terms and catches every wrong rewrite seen.
 */
const MIN_SQNR_DB = 60;
/**
 * Eight steps of float32 at 1: what reordered sums of values near 1 may differ by. Outputs smaller than that (a sigmoid far from its
 * threshold) are rounding through and through: PP-OCR det on noise is 23 dB from itself under ONNX Runtime's own optimisations.
 */
const MAX_ABS_ERROR = 2 ** -20;

/** Saves an optimised model; throws ERR_GATE when its outputs are not those of the input. */
export async function saveOptimized(
  result: OptimizeResult,
  path: string,
  options: GateOptions = {},
): Promise<Verification | undefined> {
  return result.model.save(path, { ...options, accept: requireEqualOutputs });
}

/** True when outputs differ by rounding only. */
export function isEqualOutputs(sqnrDb: number, maxAbsError: number | undefined): boolean {
  return sqnrDb >= MIN_SQNR_DB || (maxAbsError !== undefined && maxAbsError <= MAX_ABS_ERROR);
}

/** Throws ERR_GATE unless what the gate measured differs by rounding only. */
export function requireEqualOutputs({ sqnrDb, maxAbsError }: Verification): void {
  if (sqnrDb === undefined || isEqualOutputs(sqnrDb, maxAbsError)) return;
  throw new GossamerError(
    'ERR_GATE',
    `output: expected the outputs of the input (at least ${MIN_SQNR_DB} dB), received ${sqnrDb.toFixed(1)} dB`,
  );
}
