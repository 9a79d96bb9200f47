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
export {
  createSchedule,
  type ScheduleName,
  type ScheduleOptions,
  scheduleOver,
  SCHEDULES,
} from './schedules/registry.js';
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
export {
  createGradientQuantizer,
  GRADIENT_QUANTIZERS,
  type GradientQuantizerChoice,
  type GradientQuantizerName,
} from './gradient-quantization/registry.js';
export { arrayDataset } from './data/array-dataset.js';
export { collectDataset, type CollectOptions } from './data/collect-dataset.js';
export { BatchPlan } from './data/batch-plan.js';
export { type Dataset, type Numbers, type SampleArray, subset } from './data/dataset.js';
export { splitDataset, type SplitDataset } from './data/split-dataset.js';
export type { SparseParameter, Sparsifier, SparsifyContext } from './loop/sparsifier.js';
export { fillUniform, permutation, streamOf } from './data/counter-random.js';
export { differentiate, type DifferentiateOptions, type GradientGraph } from './differentiate.js';
export { type CopiedGraph, copyGraph, type NodeVisitor, type ValueReplacer } from './emit/copy-graph.js';
export { type Attributes, Emitter } from './emit/emitter.js';
export { TRAIN_DOMAIN } from './emit/train-domain.js';
export { ComposedForm, type EmbedOptions } from './form/composed-form.js';
export { gradientCoverage, type GradientCoverage } from './form/gradient-coverage.js';
export { toTrainingForm } from './form/to-training-form.js';
export type {
  DropoutSpec,
  Parameter,
  ParameterRole,
  RandomInput,
  RunningState,
  TrainingForm,
  TrainingFormOptions,
} from './form/training-form.js';
export { expandFunctions } from './functions/expand-functions.js';
export { functionNames } from './functions/registry.js';
export { gradientKinds } from './gradients/registry.js';
export { type BatchArrays, BatchFeeder, type FedArray, isReadable, newArray } from './loop/batch-feeder.js';
export { GraphTrainer, type GraphTrainerOptions } from './loop/graph-trainer.js';
export type { Masks } from './loop/optimizer-state.js';
export type { RegularizerTerm } from './loop/regularization.js';
export { train } from './loop/train.js';
export { Trainer } from './loop/trainer.js';
export type {
  AugmentContext,
  CheckpointOptions,
  Companions,
  EpochRecord,
  GradientQuantizationOptions,
  StepRecord,
  TrainOptions,
  TrainResult,
  ValidationOptions,
} from './loop/train-options.js';
export { writeBack } from './loop/write-back.js';
export { crossEntropy, type CrossEntropyOptions } from './losses/cross-entropy.js';
export type { Loss, LossContext, LossTerm } from './losses/loss.js';
export { meanSquaredError } from './losses/mean-squared-error.js';
export { weightedMean } from './losses/weighted-mean.js';
export { loweredKinds } from './lowering/registry.js';
export { cutModel, type Stage } from './parallel/cut-model.js';
export { Pipeline, type PipelineOptions } from './parallel/pipeline.js';
export { runTasks, type RunTasksOptions, type Task, type TaskResult } from './parallel/run-tasks.js';
export { openTrainingPipeline, type TrainingPipelineOptions } from './parallel/training-pipeline.js';
export { type DataParallelOptions, openDataParallelSession } from './parallel/data-parallel-session.js';
export {
  buildLossGraph,
  buildTrainingGraph,
  LOSS,
  type LossGraph,
  type LossInput,
  type TrainingGraph,
} from './step/build-training-graph.js';
export {
  openTrainingSession,
  type TrainingEngine,
  type TrainingSession,
  type TrainingSessionOptions,
} from './step/training-session.js';
export { type Fold, kFold, type KFoldOptions } from './tune/k-fold.js';
export { randomSearch } from './tune/random-search.js';
export { createSearch, type SearchName, SEARCHES } from './tune/registry.js';
export {
  type Proposal,
  Search,
  type SearchState,
  type SearchStrategy,
  type Trial,
  type TrialRecord,
} from './tune/search.js';
export type { Configuration, ParameterValue, SearchParameter, SearchSpace } from './tune/search-space.js';
export { rungsOf, successiveHalving, type SuccessiveHalvingOptions } from './tune/successive-halving.js';
export { tpe, type TpeOptions } from './tune/tpe.js';
export {
  type Evaluation,
  type Objective,
  tune,
  type TuneOptions,
  type TuneProgress,
  type TuneResult,
} from './tune/tune.js';
export { ARCHITECTURES, buildArchitecture } from './architectures/registry.js';
export { mlp } from './architectures/mlp.js';
export {
  type FakeQuantizeSpec,
  insertFakeQuantize,
  scaleName,
  zeroPointName,
} from './fake-quantize/insert-fake-quantize.js';
export { expectedGates, gateName, type GateSpec, insertGates, openGates } from './gates/hard-concrete.js';
export { type GatedAxis, insertSharedGates, type SharedGates } from './gates/shared-gates.js';
export { insertVariational, logVarianceName, type VariationalOptions } from './variational/insert-variational.js';
export { logAlphaOf } from './variational/log-alpha.js';
export { variationalDivergence } from './variational/variational-divergence.js';
