export { allocateBits, type Allocation, type BitOption } from './mixed/allocate-bits.js';
export type { Journal } from './mixed/journal.js';
export { type LayerBits, mixedPrecision, type MixedPrecisionResult } from './mixed/mixed-precision.js';
export type { Budget, MixedPrecisionOptions, Sensitivity } from './mixed/mixed-precision-options.js';
export { explain, type ExplainOptions, type Explanation } from './explain/explain.js';
export type { LayerExplanation, SaturationRisk } from './explain/explanation.js';
export type { Spread } from './explain/value-spread.js';
export { absorbHighBiases } from './equalize/absorb-bias.js';
export { activationAware, type ActivationAwareOptions } from './equalize/activation-aware.js';
export { type AwqScales, awqScales, type ScaledMatrix } from './equalize/awq-scales.js';
export { clippedNormalMean, correctBiases, meanShift, measuredShift } from './equalize/bias-correction.js';
export { type CrossLayerOptions, type CrossLayerResult, equalizeCrossLayer } from './equalize/cross-layer.js';
export { type InputRows, collectRows, type ObserveOptions } from './equalize/input-statistics.js';
export { normalizedMeans } from './equalize/normalized-means.js';
export type { EqualizeNote, EqualizeResult } from './equalize/note.js';
export { rotateResidual, type RotateOptions } from './equalize/rotate-residual.js';
export { smoothQuant, type SmoothOptions } from './equalize/smooth-quant.js';
export { PROVENANCE_KEY } from './finish-model.js';
export type { QuantizeErrorCode } from './errors.js';
export type {
  ActivationDtype,
  BlockSize,
  Calibrator,
  EqualizeMethod,
  Granularity,
  Mapping,
  QuantizeMode,
  QuantizePreset,
  WeightDtype,
} from './choices.js';
export { EQUALIZE_METHODS } from './choices.js';
export type { AccuracyGoal, LayerRule, QuantizeOptions, QuantizeProgress } from './options.js';
export type { Preserve } from './preserve.js';
export { assertIntegerOnly, type FloatNode, floatComputeNodes } from './integer-only/assert-integer-only.js';
export { type OperatorSupport, operatorSupport } from './operator-support.js';
export { quantize, type QuantizeResult } from './quantize.js';
export { quantizeAware } from './qat/quantize-aware.js';
export { type OnGridsOptions, type OnGridsResult, trainOnGrids } from './qat/train-on-grids.js';
export type { Learned, Learner, QuantizeAwareOptions, QuantizeAwareResult } from './qat/quantize-aware-options.js';
export type { ActivationGrid, BiasGrid, Grids, WeightGrid as LearnedWeightGrid } from './qat/grids.js';
export type { ActivationRule } from './qat/insert-grids.js';
export { insertGrids } from './qat/insert-grids.js';
export type { LayerAction, LayerReport, QuantizeReport } from './report.js';
export {
  type Reconstruction,
  type ReconstructOptions,
  type ReconstructProgress,
  reconstruct,
} from './reconstruct/reconstruct.js';
export type { UnitReport } from './reconstruct/solve-unit.js';
export { roundWeights, type RoundWeightsOptions } from './reconstruct/round-weights.js';
export type { WeightAlgorithm, WeightProblem } from './algorithms/weight-algorithm.js';
export type { QuantizedMatrix } from './grid/quantized-matrix.js';
export type { WeightGrid } from './grid/weight-grid.js';
export type { RoundWeight } from './grid/round-weight.js';
export { entropyRate, rateDistortion, type RateModel, type RateOptions } from './algorithms/rate-distortion.js';
