import { type DataSource } from '@gossamer/runtime';
import type { LogitLossName } from '@gossamer/distill';
import type { DropoutSpec, OptimizerName, ScheduleName, TrainingEngine } from '@gossamer/train';
import type { ModelInput } from '../onnx-model.js';
import type { WorkOptions } from '../progress.js';

/** How a model is trained: what `train`, `finetune` and `distill` share. */
export interface TrainingOptions extends WorkOptions {
  /** Samples with `labels`, or `targets` (classes of positions, or numbers). */
  readonly data: DataSource;
  /** Passes over the data; default 1 unless `steps` is given. */
  readonly epochs?: number;
  /** Updates, in place of `epochs`. */
  readonly steps?: number;
  /** Samples of a batch. Default 128. */
  readonly batch?: number;
  /** Batches whose gradients make one update. Default 1. */
  readonly accumulate?: number;
  /** Default 'adamw'. */
  readonly optimizer?: OptimizerName;
  /** The highest learning rate. Default: the optimiser's. */
  readonly learningRate?: number;
  /** Default 'cosine'. */
  readonly schedule?: ScheduleName;
  /** Share of the updates in which the learning rate rises, in [0, 1). Default 0. */
  readonly warmUp?: number;
  /** Default: the optimiser's. Biases and normalizations do not decay. */
  readonly weightDecay?: number;
  /** Momentum of the optimisers that have one. */
  readonly momentum?: number;
  /** Largest norm of all gradients together. Default: none. */
  readonly clipNorm?: number;
  /** 'cross-entropy' for classes, 'mean-squared-error' for numbers; default: what the data are. */
  readonly loss?: 'cross-entropy' | 'mean-squared-error';
  /** In [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Samples of `data` that are held out and measured after each epoch; 0: none. Default: a tenth, at most 5,000. */
  readonly validation?: number;
  /** Default 'top1' for classes, 'perplexity' for those of positions, 'mean-squared-error' for numbers. */
  readonly metric?: string;
  /** Epochs without a better measurement after which training stops and takes the best weights. Default: none. */
  readonly patience?: number;
  /** 'frozen': BatchNormalization keeps its running statistics. Default 'train'. */
  readonly batchNorm?: 'train' | 'frozen';
  /** Dropout before nodes, in training only, since exported files have none. Default: none. */
  readonly dropout?: readonly DropoutSpec[];
  /** Names or globs of initializers that are trained. Default: all weights, biases and normalizations. */
  readonly trainable?: readonly string[];
  /** Names or globs of initializers that stay. Default: none. */
  readonly frozen?: readonly string[];
  /** Sizes of symbolic dimensions beside the batch. */
  readonly bind?: Readonly<Record<string, number>>;
  /** Default 0. */
  readonly seed?: number;
  /** Default 'auto': native where it covers the model, else ort. */
  readonly engine?: TrainingEngine;
  /** Of each worker. Default: all cores of one, 1 of each of several. */
  readonly threads?: number;
  /** Worker threads that share each batch (docs/parallel.md). Default 1. */
  readonly workers?: number;
  /** Equal parts of a batch that are computed apart; the result depends on them, and not on the workers. Default: as many as workers. */
  readonly shards?: number;
  /** On engine ort: convolutions in its internal blocked layout, where it has it. Default false. */
  readonly blockedLayout?: boolean;
  /** Folder for the checkpoint, the log (log.jsonl) and curves (curves.svg); training goes on from a checkpoint that is there. Default: none. */
  readonly run?: string;
  /** Updates between checkpoints. Default 1,000. */
  readonly checkpointEvery?: number;
}

/** What a student learns from its teacher, beside the labels. */
export interface TeacherChoice {
  /** One model, or several that teach together. */
  readonly teacher: ModelInput | readonly ModelInput[];
  /** Share of the soft targets in (0, 1]. Default 0.9; 1 where the data have no labels. */
  readonly alpha?: number;
  /** Of the soft targets, > 0. Default 4. */
  readonly temperature?: number;
  /** How the student is held to the teacher. Default 'hinton'. */
  readonly distillation?: LogitLossName;
  /** Default 'ort'. */
  readonly teacherEngine?: string;
}
