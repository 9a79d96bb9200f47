import type { Model } from '@gossamer/graph';
import type { Dataset } from '../data/dataset.js';
import type { TrainingForm, TrainingFormOptions } from '../form/training-form.js';
import type { GradientQuantizerChoice } from '../gradient-quantization/registry.js';
import type { LossTerm } from '../losses/loss.js';
import type { OptimizerName } from '../optimizers/registry.js';
import type { ParameterGroup } from '../optimizers/parameter-group.js';
import type { TrainingEngine } from '../step/training-session.js';
import type { BatchArrays } from './batch-feeder.js';
import type { Masks } from './optimizer-state.js';
import type { RegularizerTerm } from './regularization.js';
import type { Sparsifier } from './sparsifier.js';

/** What an augmentation may go by: the same for the same step and seed. */
export interface AugmentContext {
  readonly epoch: number;
  readonly step: number;
  readonly seed: number;
  /** Samples of the batch that count. */
  readonly count: number;
}

/** Arrays that are no part of the data. */
export interface Companions {
  /** Names that losses ask for. */
  readonly names: readonly string[];
  /** What `compute` goes by beside its arguments, in short (a hash of the teacher): a checkpoint of another one is refused. Default: nothing. */
  readonly digest?: string;
  /** Fills them in. */
  compute(batch: BatchArrays, context: AugmentContext): Promise<void>;
}

/** Which samples are held out, and what is measured on them. */
export interface ValidationOptions {
  /** Held-out samples of their own; default: `count` samples of the training data, chosen by the seed, which are then not trained on. */
  readonly dataset?: Dataset;
  /** Default: a tenth of the data, at most 5,000. */
  readonly count?: number;
  /** A metric of the runtime. Default 'top1'. */
  readonly metric?: string;
  /** Epochs between measurements. Default 1. */
  readonly every?: number;
}

export interface CheckpointOptions {
  /** A safetensors file, written atomically; training goes on from it where it exists and is of the same training. */
  readonly path: string;
  /** Steps between writes; one is written at the end and on an interruption, too. Default 1,000. */
  readonly every?: number;
}

/** How gradients are quantized; `errorFeedback`: what was lost is added to the next gradient (default: where the quantizer is biased, 'sign'). */
export type GradientQuantizationOptions = GradientQuantizerChoice & { readonly errorFeedback?: boolean };

/** How a model is trained. */
export interface TrainOptions {
  readonly losses: readonly LossTerm[];
  /** Samples of a batch. Default 128. */
  readonly batch?: number;
  /** Batches whose gradients are averaged for one update. Default 1. */
  readonly accumulate?: number;
  /** Passes over the data; or `steps`, of which one has to be given. */
  readonly epochs?: number;
  /** Updates. */
  readonly steps?: number;
  /** Default 'adam'. */
  readonly optimizer?: OptimizerName;
  /** Options of the optimiser over its defaults: `weightDecay`, `momentum`, `beta1`, ... */
  readonly optimizerOptions?: Readonly<Record<string, number | boolean>>;
  /** Learning rate of update `step` (from 0) of `steps`; default: the optimiser's, constant. */
  readonly learningRate?: number | ((step: number, steps: number) => number);
  readonly groups?: readonly ParameterGroup[];
  /** Largest norm of all gradients together; a larger one is scaled down. Default: none. */
  readonly clipNorm?: number;
  /** Largest magnitude of an element of a gradient; it is limited before the norm is. Default: none. */
  readonly clipValue?: number;
  /** Updates take what a receiver of quantized gradients decodes: each tensor's mean over all accumulated batches (and shards), clipped, without masked elements. Default: none. */
  readonly gradientQuantization?: GradientQuantizationOptions;
  readonly masks?: Masks;
  /** Changes masks in the course of training. Not with `patience`: weights of an earlier epoch have other masks. Default: none. */
  readonly sparsifier?: Sparsifier;
  /** Penalties of weights, taken as proximal steps after every update. Default: none. */
  readonly regularizers?: readonly RegularizerTerm[];
  /** Default 0. */
  readonly seed?: number;
  /** False: batches in the order of the data. Default true. */
  readonly shuffle?: boolean;
  /** Changes the arrays of a batch in place. */
  readonly augment?: (batch: BatchArrays, context: AugmentContext) => void;
  /** Arrays of a batch that are computed from the others, after augmentation: what a teacher says of it. Default: none. */
  readonly companions?: Companions;
  /** Default: none. */
  readonly validation?: ValidationOptions;
  /** Stops after so many measurements that were no better, and takes the best weights. Needs `validation`. */
  readonly patience?: number;
  readonly checkpoint?: CheckpointOptions;
  readonly form?: Omit<TrainingFormOptions, 'batch' | 'mode'>;
  /** Changes the training form before losses are added (fake-quantize, gates): for training (for a batch and for a shard of it), and for evaluation. Default: it stays. */
  readonly rewrite?: (form: TrainingForm, mode: 'train' | 'evaluate') => TrainingForm;
  readonly engine?: TrainingEngine;
  /** Of each worker, where there are more than one. Default: all cores of one, 1 of each of several. */
  readonly threads?: number;
  /** Worker threads that a batch is shared out to (see openDataParallelSession). Default 1. */
  readonly workers?: number;
  /** Equal parts of a batch that are computed apart; the result depends on them, and not on the workers. Default: as many as workers. */
  readonly shards?: number;
  /** On engine ort: its internal blocked layout for convolutions (see TrainingSessionOptions). Default false. */
  readonly blockedLayout?: boolean;
  readonly signal?: AbortSignal;
  /** Called after every update. */
  readonly onStep?: (step: StepRecord) => void;
  /** Called after every epoch and measurement. */
  readonly onEpoch?: (epoch: EpochRecord) => void;
}

/** One update. */
export interface StepRecord {
  /** From 1. */
  readonly step: number;
  /** Of how many. */
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
}

/** One epoch, or what of it was trained. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Updates made by its end. */
  readonly step: number;
  /** Mean loss of its updates. */
  readonly loss: number;
  readonly learningRate: number;
  /** The metric on the held-out samples, where it was measured. */
  readonly validation?: number;
}

/** What training gives. */
export interface TrainResult {
  /** The model that was given, with trained weights and running statistics: a clone that differs in nothing else. */
  readonly model: Model;
  /** The masks that were given, as training left them. */
  readonly masks: Masks;
  /** What was trained beside the model's own arrays (learned scales and ranges, gates, regressors), by name. */
  readonly added: ReadonlyMap<string, Float32Array>;
  readonly history: readonly EpochRecord[];
  /** Updates made in all. */
  readonly steps: number;
  /** Where the best measurement was made, when weights were taken from there. */
  readonly best?: { readonly epoch: number; readonly value: number };
  readonly engine: string;
  readonly warnings: readonly string[];
}
