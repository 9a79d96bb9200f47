export type { TrainErrorCode } from './error-codes.js';
export { defineOptimizer, type OptimizerDefinition } from './optimizers/define-optimizer.js';
export type {
  Optimizer,
  OptimizerOptions,
  ParameterArrays,
  UpdatedValues,
  UpdateValues,
} from './optimizers/optimizer.js';
export { parameterOptions, type ParameterGroup, type ParameterOptions } from './optimizers/parameter-group.js';
export { findOptimizer, type OptimizerName, OPTIMIZERS } from './optimizers/registry.js';
export type { StepCoefficients } from './optimizers/step-coefficients.js';
export { updateModel, type UpdateModelOptions } from './optimizers/update-model.js';
export type { CosineOptions } from './schedules/cosine.js';
export type { OneCycleOptions } from './schedules/one-cycle.js';
export { createSchedule, type ScheduleName, type ScheduleOptions, SCHEDULES } from './schedules/registry.js';
export { rewind, type RewindOptions } from './schedules/rewind.js';
export type { Schedule } from './schedules/schedule.js';
export type { StepOptions } from './schedules/step.js';
export { warmUp } from './schedules/warm-up.js';
export { entropy, type EntropyOptions } from './regularizers/entropy.js';
export { findRegularizer, type RegularizerName, REGULARIZERS } from './regularizers/registry.js';
export type { RegularizedTensor, Regularizer } from './regularizers/regularizer.js';
export { clipByNorm, clipFactor } from './clipping/clip-by-norm.js';
export { clipByValue } from './clipping/clip-by-value.js';
export { dorefa, type DorefaOptions } from './gradient-quantization/dorefa.js';
export { ErrorFeedback } from './gradient-quantization/error-feedback.js';
export type { DrawPlace, GradientQuantizer, QuantizationOutcome } from './gradient-quantization/gradient-quantizer.js';
export { decodeQsgd, encodeQsgd, qsgdBits, type QsgdGradient } from './gradient-quantization/qsgd-code.js';
export { dequantizeQsgd, qsgd, type QsgdOptions, quantizeQsgd } from './gradient-quantization/qsgd.js';
export { GRADIENT_QUANTIZERS, type GradientQuantizerName } from './gradient-quantization/registry.js';
export { sign } from './gradient-quantization/sign.js';
