import { type Model, weightViews } from '@gossamer/graph';
import { badOption } from '../errors.js';
import { addToBias } from './layer-bias.js';
import { layerMatrix, outputChannels } from './layer-matrix.js';
import type { EqualizeNote, EqualizeResult } from './note.js';

/**
 * By how much the mean of each output of a matrix moves when its weights change: (changed - target) E[x]. `mean` is the mean of what each
 * column multiplies, [columns]; a convolution's from the columns themselves takes its borders into account. Returns [rows].
 *
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2, equation 16.
 */
export function meanShift(changed: Float32Array, target: Float32Array, mean: Float64Array): Float64Array {
  const columns = mean.length;
  const shift = new Float64Array(changed.length / columns);
  for (let i = 0; i < changed.length; i++) {
    shift[Math.floor(i / columns)]! += (changed[i]! - target[i]!) * mean[i % columns]!;
  }
  return shift;
}

/** By how much the mean of each output moved, measured: quantized minus float. */
export function measuredShift(quantizedMean: ArrayLike<number>, floatMean: ArrayLike<number>): Float64Array {
  return Float64Array.from(quantizedMean, (mean, channel) => mean - floatMean[channel]!);
}

/**
 * Mean of a normal variable clipped to [low, high]: of a ReLU behind a BatchNormalization of shift `mean` and scale `deviation` with
 * low = 0 and high = Infinity (there: deviation phi(-m/d) + mean (1 - Phi(-m/d))), of a ReLU6 with high = 6. Phi to 1.2e-7 absolute.
 *
 * Source: Nagel et al. 2019, arXiv:1906.04721, appendix C.
 */
export function clippedNormalMean(mean: number, deviation: number, low: number, high: number): number {
  const size = Math.abs(deviation);
  if (size === 0) return Math.min(high, Math.max(low, mean));
  const [a, b] = [(low - mean) / size, (high - mean) / size];
  const [belowA, belowB] = [normalCdf(a), normalCdf(b)];
  const inside = mean * (belowB - belowA) + size * (normalDensity(a) - normalDensity(b));
  return inside + (belowA > 0 ? low * belowA : 0) + (belowB < 1 ? high * (1 - belowB) : 0);
}

const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Source: Press et al., "Numerical Recipes", section 6.2 (erfc by a Chebyshev fit of relative error 1.2e-7). */
function normalCdf(x: number): number {
  if (!Number.isFinite(x)) return x > 0 ? 1 : 0;
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const polynomial = ERFC.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = (t * Math.exp(-z * z + polynomial)) / 2;
  return x >= 0 ? 1 - tail : tail;
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/**
 * Takes shifts of output means back: the bias of each layer named in `shifts` (by its id; [output channels]) is lowered by them. Call it in
 * the order of the layers when shifts are measured: each sees the corrected ones before it. Throws ERR_QUANTIZE_OPTION for shifts of a
 * wrong length.
 */
export function correctBiases(model: Model, shifts: ReadonlyMap<string, Float64Array>): EqualizeResult {
  const copy = model.clone();
  const report: EqualizeNote[] = [];
  for (const view of weightViews(copy)) {
    const shift = shifts.get(view.layerId);
    const isProduct = /^(Conv|ConvTranspose|Gemm|MatMul)$/.test(view.op) && view.inputIndex === 1;
    if (!shift || view.role !== 'weight') continue;
    if (!isProduct) {
      report.push({ layer: view.layerId, done: false, text: `${view.op} has no bias of its own to correct` });
      continue;
    }
    const channels = outputChannels(layerMatrix(view));
    if (shift.length !== channels) badOption(`shifts of ${view.layerId}`, `${channels} numbers`, shift.length);
    addToBias(
      view.node,
      shift.map((value) => -value),
    );
    const most = shift.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    report.push({ layer: view.layerId, done: true, text: `bias corrected by up to ${most.toPrecision(3)}` });
  }
  return { model: copy, report };
}
