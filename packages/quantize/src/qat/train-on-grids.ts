import { GossamerError, type Model, Tensor } from '@gossamer/graph';
import {
  type Dataset,
  type FakeQuantizeSpec,
  insertFakeQuantize,
  scaleName,
  train,
  type TrainOptions,
  type TrainResult,
  writeBack,
} from '@gossamer/train';
import type { QuantizeErrorCode } from '../errors.js';

export interface OnGridsOptions extends Omit<TrainOptions, 'rewrite'> {
  /** Names of the weights, each with one learned scale; codes are symmetric. */
  readonly weights: readonly string[];
  /** Bits of a weight's code, 2 to 8. */
  readonly weightBits: number;
  /** Names of the biases. Default: none. */
  readonly biases?: readonly string[];
  /** Steps that a bias is rounded to; codes have 8 bits. Default 1/16. */
  readonly biasStep?: number;
  /** Times the learning rate, of the scales. Default 0.1. */
  readonly scaleLearningRate?: number;
}

export interface OnGridsResult extends Omit<TrainResult, 'model'> {
  /** The given model in float: its weights are codes times a scale, to the bit. */
  readonly model: Model;
  /** The scale of each weight and bias. */
  readonly scales: ReadonlyMap<string, number>;
}

/**
 * Trains weights that are rounded to few values (learned scales, gradients straight through), and gives the model with those values in place of its floats: it stays a float model, and a coder finds few values
 * in it. Activations are not quantized. Masks and sparsifiers work on what is rounded: zeros are codes too.
 *
 * Source: Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv:1902.08153). Throws ERR_QUANTIZE_OPTION and what `train` throws.
 */
export async function trainOnGrids(model: Model, dataset: Dataset, options: OnGridsOptions): Promise<OnGridsResult> {
  const { weights, weightBits, biases = [], biasStep = 1 / 16, scaleLearningRate = 0.1, ...training } = options;
  if (!(Number.isInteger(weightBits) && weightBits >= 2 && weightBits <= 8)) {
    throw refused(`weightBits: expected an integer from 2 to 8, received ${weightBits}`);
  }
  const quantMax = 2 ** (weightBits - 1) - 1;
  const specs = [
    ...weights.map((name) => weightSpec(name, floatsOf(model, name), quantMax)),
    ...biases.map((name) => ({ ...specOf(name, biasStep, BIAS_MAX), learned: 'none' as const })),
  ];
  const result = await train(model, dataset, {
    ...training,
    rewrite: (form) => insertFakeQuantize(form, specs),
    groups: [
      ...(training.groups ?? []),
      { names: weights.map((name) => scaleName(name)), learningRateFactor: scaleLearningRate },
    ],
  });
  const scales = new Map(
    specs.map(({ value, scale }) => [value, result.added.get(scaleName(value))?.[0] ?? scale.toFloat32()[0]!]),
  );
  const rounded = new Map(
    specs.map(({ value, quantMax }) => [value, onGrid(floatsOf(result.model, value), scales.get(value)!, quantMax)]),
  );
  return { ...result, model: writeBack(result.model, rounded), scales };
}

/** The largest code of a bias. */
const BIAS_MAX = 127;

const specOf = (value: string, scale: number, quantMax: number): FakeQuantizeSpec => ({
  ...{ value, quantMin: -quantMax, quantMax },
  scale: Tensor.of('float32', [], Float32Array.of(scale)),
  zeroPoint: Tensor.of('float32', [], Float32Array.of(0)),
});

/** The first scale of LSQ, 2 mean |w| / sqrt(quantMax), over weights that are not 0: the others need no range. */
function weightSpec(name: string, weight: Float32Array, quantMax: number): FakeQuantizeSpec {
  const live = weight.filter((value) => value !== 0);
  if (live.length === 0) throw refused(`${name}: expected a weight that is not all 0`);
  const mean = live.reduce((sum, value) => sum + Math.abs(value), 0) / live.length;
  return { ...specOf(name, (2 * mean) / Math.sqrt(quantMax), quantMax), learned: 'scale', comesBack: true };
}

function floatsOf(model: Model, name: string): Float32Array {
  const value = model.graph.value(name);
  const stored = value?.constant ?? value?.initializer;
  if (!stored) throw refused(`${name}: expected a constant of the model, received none`);
  return stored.toFloat32();
}

/** What FakeQuantize makes of `values`: in float32, halves to even. */
const onGrid = (values: Float32Array, scale: number, quantMax: number): Float32Array =>
  values.map((value) => {
    const place = Math.fround(value / scale);
    const down = Math.floor(place);
    const half = place - down;
    const code = half > 0.5 || (half === 0.5 && down % 2 !== 0) ? down + 1 : down;
    // Without a zero of its own sign.
    return Math.max(-quantMax, Math.min(quantMax, code)) * scale || 0;
  });

const refused = (message: string): GossamerError =>
  new GossamerError<QuantizeErrorCode>('ERR_QUANTIZE_OPTION', message);
