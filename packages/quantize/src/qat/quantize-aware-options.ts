import type { Model } from '@gossamer/graph';
import type { Dataset, EpochRecord, LossTerm, train, TrainOptions } from '@gossamer/train';
import type { Preserve } from '../preserve.js';
import type { QuantizeReport } from '../report.js';
import type { Grids } from './grids.js';
import type { ActivationRule } from './insert-grids.js';

/** Trains a model on; `train` of @gossamer/train is one, a distillation another. */
export type Learner = (model: Model, dataset: Dataset, options: Parameters<typeof train>[2]) => Promise<Learned>;

/** What of a training's result is read. */
export type Learned = Pick<Awaited<ReturnType<typeof train>>, 'model' | 'added' | 'history' | 'engine' | 'warnings'>;

/** How a model learns to be quantized: the options of training, and the codes that it learns for. */
export interface QuantizeAwareOptions extends Omit<TrainOptions, 'losses' | 'rewrite'> {
  /** Default: cross-entropy of labels. */
  readonly losses?: readonly LossTerm[];
  /** Bits of the weights of Conv, Gemm and MatMul, 2 to 8. Default 4. */
  readonly weightBits?: number;
  /** Bits of the activations that those read, 2 to 8; sums and what else runs in integers have 8. Default 4. */
  readonly activationBits?: number;
  /** Bits of the first and the last layer's weights and inputs, 2 to 8. Default 8. */
  readonly edgeBits?: number;
  /** Whether weights have a scale for each output channel. Default 'perAxis'. */
  readonly granularity?: 'perAxis' | 'perTensor';
  /**
   * 'lsq': scales and, of what can be negative, zero points are learned. 'pact': the clip is learned, with `clipDecay`. 'ema': ranges
   * are moving averages of each batch's minimum and maximum, frozen in the last tenth of each stage. 'fixed': those of the calibration stay. Default 'lsq'.
   */
  readonly activations?: ActivationRule;
  /** Bits that are trained first, largest first: `[8, 6]` before 4. Each stage is a training of `epochs`. Default: none. */
  readonly stages?: readonly number[];
  /** Times the learning rate, of scales, zero points and clips. Default 1. */
  readonly scaleLearningRate?: number;
  /** Weight decay of the clips of 'pact'. Default 1e-2. */
  readonly clipDecay?: number;
  /** Samples that the first ranges of activations are chosen by, for the least squared error. Default 256. */
  readonly samples?: number;
  /** Which weights that are 0 stay so while they are trained: 'zeros': all; 'auto': those of weights of which a tenth or more is 0; 'none'. `masks` and `sparsifier` win. Default 'auto'. */
  readonly preserve?: Preserve;
  /** Layers to quantize: ids, globs or operator names. Default: all. */
  readonly include?: readonly string[];
  /** Layers to leave in float, spelled alike. Default: none. */
  readonly exclude?: readonly string[];
  /** What trains (a distillation, say). Default: `train` of @gossamer/train. */
  readonly learner?: Learner;
}

export interface QuantizeAwareResult {
  /** The trained codes in standard QuantizeLinear/DequantizeLinear form. */
  readonly model: Model;
  /** The trained model in float, before its weights became codes. */
  readonly trained: Model;
  /** What every code stands for. */
  readonly grids: Grids;
  readonly report: QuantizeReport;
  /** Epochs of all stages. */
  readonly history: readonly EpochRecord[];
  readonly engine: string;
}
