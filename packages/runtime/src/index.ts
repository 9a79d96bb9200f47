export type { RuntimeErrorCode } from './error-codes.js';
export { readNpy, readNpz, saveArrays, type SaveArraysOptions } from './data/array-files.js';
export { castTensor } from './data/cast-tensor.js';
export { dataFromArrays } from './data/array-source.js';
export type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data/data-source.js';
export { DATA_KINDS, openData } from './data/open-data.js';
export { normalQuantile } from './data/normal-quantile.js';
export { philox4x32 } from './data/philox.js';
export { type Interpolation, type Preprocess, readPreprocess } from './data/preprocess.js';
export type { Feeds, Outputs } from './session/feeds.js';
export { modelInputs, modelOutputs } from './session/model-ports.js';
export type { PortDim, PortSpec } from './session/port-spec.js';
export { float32View, sliceRows, typedView } from './session/tensor-view.js';
export { detectState, type StateFeed } from './session/detect-state.js';
export type {
  Engine,
  EngineOptions,
  EngineReport,
  EngineSession,
  ModelSource,
  OperatorTime,
  OptimizationLevel,
} from './session/engine.js';
export { ENGINES, findEngine } from './session/engines.js';
export { defaultThreads } from './session/default-threads.js';
export { LackingNodes } from './native/compile-model.js';
export type { Requantization } from './native/compilation.js';
export {
  dividedBy,
  type FixedPoint,
  fixedPointOf,
  headroom,
  requantize,
  roundingRightShift,
  saturatingRoundingDoublingHighMul,
} from './fixed-point/fixed-point.js';
export {
  averageCode,
  layerCode,
  layerFactor,
  productCode,
  rescaledCode,
  sumCode,
  sumFactors,
} from './fixed-point/integer-operators.js';
export type { RunOptions } from './session/run-options.js';
export { Session, type SessionOptions } from './session/session.js';
export { describeTfjs } from './tfjs/describe-tfjs.js';
export { tfjsOperators } from './tfjs/tfjs-operators.js';
export type { Stepper } from './session/stepper.js';
export { peakRssMb } from './verify/peak-rss.js';
export { countKernels, type KernelCounts, type Kernels } from './verify/count-kernels.js';
export { verify, type VerifyOptions } from './verify/verify.js';
export type { Verification, VerifyData, VerifyLevel } from './verify/verification.js';
export { ctcGreedyDecode, type CtcOptions } from './metrics/ctc-decode.js';
export { editDistance } from './metrics/edit-distance.js';
export { evaluateMetrics, type EvaluateMetricsOptions } from './metrics/evaluate-metrics.js';
export {
  compareLatency,
  type CompareLatencyOptions,
  type Latency,
  type LatencyComparison,
  type LatencyOptions,
  measureLatency,
} from './metrics/latency.js';
export type { Metric, MetricBatch, MetricOptions, MetricResult } from './metrics/metric.js';
export { bootstrapMedian, type Interval } from './metrics/bootstrap.js';
export { median, quantile } from './metrics/quantile.js';
export { createMetric, type MetricName, METRICS } from './metrics/registry.js';
export { affineFromRange, type AffineParams, type CodeRange } from './calibrators/affine-from-range.js';
export type { Calibrator, Range, RangeOptions } from './calibrators/range.js';
export { type CalibratorName, CALIBRATORS, chooseRange, findCalibrator } from './calibrators/registry.js';
export { type Divergence, DivergenceSums } from './sensitivity/divergence.js';
export { keepSamples, type KeepSamplesOptions } from './sensitivity/kept-samples.js';
export { logitsOutput } from './sensitivity/logits-output.js';
export { ModelTrials, type ModelTrialsOptions } from './sensitivity/model-trials.js';
export { calibrate } from './statistics/calibrate.js';
export type { CalibrateOptions, Calibration } from './statistics/calibration.js';
export { type ObserveRequest, valueId } from './statistics/observe-request.js';
export type { HistogramView, TensorStatistics } from './statistics/tensor-statistics.js';
export { layerwise, type LayerWalk } from './layerwise/layerwise.js';
export type { InputsRequest, LayerInputs, LayerStep } from './layerwise/layer-step.js';
export type { LayerRequest, UnreachedLayer } from './layerwise/select-units.js';
export type { SampleRun } from './layerwise/record-samples.js';
export type { LayerwiseOptions } from './layerwise/walk-run.js';
export { inputMoments, type InputMoments, type MomentOptions } from './layerwise/input-moments.js';
