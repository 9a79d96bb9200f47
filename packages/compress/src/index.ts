export { bench, type BenchOptions, type BenchResult } from './bench.js';
export { compare, type CompareOptions, type Comparison } from './compare.js';
export {
  convert,
  type ConvertOptions,
  type ConvertResult,
  type KeptNode,
  loadAnyModel,
  saveConverted,
} from './convert.js';
export type { AccuracyGoal, AccuracyResult } from './accuracy-gate.js';
export { decode, encode, type EncodeOptions, type EncodeResult } from './encode.js';
export { type Check, doctor } from './doctor.js';
export type { CompressErrorCode } from './error-codes.js';
export { evaluate, type EvaluateOptions, type Evaluation } from './evaluate.js';
export { explain, type ExplainOptions, type Explanation } from './explain.js';
export { dataFiles } from './file-bytes.js';
export { factorize, type FactorizeOptions, type FactorizeResult } from './factorize.js';
export { inspect, type Inspection, type InspectOptions, type PortInspection } from './inspect.js';
export { loadModel, type ModelInput, OnnxModel, toModel } from './onnx-model.js';
export {
  type LayerBits,
  mixedPrecision,
  type MixedPrecisionOptions,
  type MixedPrecisionResult,
} from './mixed-precision.js';
export { prune, type PruneOptions, type PruneResult } from './prune/prune.js';
export type { Change, WeightChange } from './prune/compare-weights.js';
export type { PrunedLayer, PrunedStructure, PruneReport } from './prune/prune-report.js';
export type { RecoveryOptions, RecoveryReport } from './prune/recovery.js';
export { optimize, type OptimizeOptions, type OptimizeResult, saveOptimized } from './optimize.js';
export type { Progress, WorkOptions } from './progress.js';
export { type LayerRule, quantize, type QuantizeOptions, type QuantizeResult } from './quantize.js';
export { quantizeTfjs, type QuantizeTfjsOptions, type QuantizeTfjsResult } from './quantize-tfjs.js';
export {
  convertFolder,
  type ConvertFolderOptions,
  factorizeFolder,
  type FactorizeFolderOptions,
  type FolderInspection,
  type FolderInput,
  type FolderResult,
  inspectFolder,
  type InspectFolderOptions,
  optimizeFolder,
  type OptimizeFolderOptions,
  type PartInspection,
  type PartResult,
  type ProcessFolderOptions,
  pruneFolder,
  type PruneFolderOptions,
  quantizeFolder,
  type QuantizeFolderOptions,
} from './model-folder/index.js';
export { type FolderDtype, type ModelFolder, openModelFolder, parseFolderDtype } from '@gossamer/graph/folder';
export { type Bytes, bytesOf } from './bytes.js';
export { compareFiles, type CompressionResult, type LayerResult } from './result.js';
export {
  distillDataFree,
  type DistillDataFreeOptions,
  type DistillDataFreeResult,
} from './training/distill-data-free.js';
export {
  finetune,
  type FinetuneOptions,
  train,
  type TrainArchitectureOptions,
  type TrainingResult,
} from './training/finetune.js';
export { quantizeAware, type QuantizeAwareOptions, type QuantizeAwareResult } from './training/quantize-aware.js';
export type { TeacherChoice, TrainingOptions } from './training/training-options.js';
export {
  tuneTraining,
  type TunedTrial,
  type TuneTrainingOptions,
  type TuneTrainingResult,
} from './training/tune-training.js';
export { runModel, type RunModelOptions, type RunModelResult, type RunPort } from './run-model.js';
export { assertWritable } from './assert-writable.js';
export type { GateOptions, VerifyLevel } from './save-gate.js';
export {
  createMetric,
  type DataSource,
  openData,
  type OpenDataOptions,
  peakRssMb,
  type Requantization,
  type Verification,
} from '@gossamer/runtime';
export { GossamerError, isGossamerError } from '@gossamer/graph';
export { deriveStudent, type DerivedStudent, parseStudent, type StudentSpec } from '@gossamer/distill';
