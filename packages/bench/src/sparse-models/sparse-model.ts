import { join } from 'node:path';
import { distill } from '@gossamer/distill';
import { type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { bert } from '@gossamer/graph/zoo';
import type { QuantizeOptions } from '@gossamer/quantize';
import { dataFromArrays, readNpz } from '@gossamer/runtime';
import { type Dataset, scheduleOver, type TrainOptions } from '@gossamer/train';
import type { Outcome } from '../experiments/experiment-store.js';
import { mnistData } from '../experiments/mnist-data.js';
import { perplexityOf } from '../experiments/perplexity-change.js';
import { testErrors } from '../experiments/test-errors.js';
import { tokenWindows } from '../experiments/token-windows.js';
import { windowLosses } from '../experiments/window-losses.js';
import { repositoryFolder } from '../package-folder.js';

/** What a model's recovery is told. */
export type RecoveryOptions = Pick<TrainOptions, 'masks' | 'checkpoint' | 'signal' | 'onStep'>;

/** A model that gets zeros, and how it is taught, quantized and judged. */
export interface SparseModel {
  readonly name: string;
  readonly open: () => Model | Promise<Model>;
  /** Layers that stay dense. */
  readonly exclude: readonly string[];
  /** All that decides a recovery; undefined: it has none, its weights are random. */
  readonly recovery?: { readonly steps: number; readonly batch: number; readonly learningRate: number };
  /** Of the pruned model by the dense one. */
  readonly recover?: (pruned: Model, dense: Model, options: RecoveryOptions) => Promise<Model>;
  readonly quantization: () => QuantizeOptions;
  /** On data that nothing is chosen by; undefined: the weights are random. */
  readonly quality?: (model: Model) => Promise<Outcome>;
}

const fixture = (file: string) => join(repositoryFolder(), 'fixtures', 'models', file);
const CONTEXT = 128;
const CALIBRATION_DIGITS = 256;
const RESNET = { steps: 600, batch: 64, learningRate: 2e-3 };
const LANGUAGE = { steps: 300, batch: 16, learningRate: 1e-3 };
const WARM_UP = 0.05;

export const SPARSE_MODELS: readonly SparseModel[] = [
  {
    name: 'resnet20-mnist',
    open: () => loadModel(fixture('resnet20-mnist.onnx')),
    exclude: ['/conv/Conv', '/fc/Gemm'],
    recovery: RESNET,
    recover: (pruned, dense, options) => teach(pruned, dense, mnistData('training', [1, 28, 28]), RESNET, options),
    quantization: () => ({ mode: 'static', data: firstDigits(CALIBRATION_DIGITS) }),
    quality: (model) => testErrors(model, mnistData('test', [1, 28, 28])),
  },
  {
    name: 'tinylm',
    open: () => loadModel(fixture('tinylm.onnx')),
    exclude: [],
    recovery: LANGUAGE,
    recover: async (pruned, dense, options) => {
      const { tokens } = await readNpz(fixture('tinylm-train.npz'));
      return teach(pruned, dense, tokenWindows(tokens!.toIntegers().map(Number), CONTEXT), LANGUAGE, options);
    },
    quantization: () => ({ mode: 'dynamic' }),
    quality: async (model) => ({
      figures: { perplexity: perplexityOf(await windowLosses(model, fixture('tinylm-eval-full.npz'))) },
    }),
  },
  { name: 'BERT-base-128', open: () => bert(), exclude: [], quantization: () => ({ mode: 'dynamic' }) },
];

async function teach(
  pruned: Model,
  dense: Model,
  data: Dataset,
  { steps, batch, learningRate }: NonNullable<SparseModel['recovery']>,
  options: RecoveryOptions,
): Promise<Model> {
  const { model } = await distill(pruned, dense, data, {
    ...{ ...options, steps, batch, optimizer: 'adam', seed: 1, threads: 1, engine: 'native', teacherEngine: 'native' },
    ...{ alpha: 0.5, temperature: 1 },
    learningRate: scheduleOver({ schedule: 'cosine', learningRate, warmUp: WARM_UP }),
  });
  return model;
}

function firstDigits(count: number) {
  const input = new Float32Array(count * 784);
  mnistData('training', [1, 28, 28]).read(
    Uint32Array.from({ length: count }, (_, i) => i),
    { input },
  );
  return dataFromArrays({ input: Tensor.of('float32', [count, 1, 28, 28], input) });
}
