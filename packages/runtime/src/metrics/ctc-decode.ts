import type { Tensor } from '@gossamer/graph';
import { float32View } from '../session/tensor-view.js';
import { metricInputError } from './metric.js';

export interface CtcOptions {
  /** Class of the blank. Default 0. */
  readonly blank?: number | 'last';
  /** Order of the axes; N samples, T frames, C classes. Default NTC. */
  readonly layout?: 'NTC' | 'TNC';
}

/**
 * Best-path CTC decoding: the largest class of each frame, repeats collapsed, blanks dropped. Works on probabilities, logits or their
 * logarithms alike. Returns the classes of each of the first `count` samples.
 *
 * Source: Graves, Fernandez, Gomez, Schmidhuber, "Connectionist Temporal Classification", ICML 2006, section 3.2.
 */
export function ctcGreedyDecode(scores: Tensor, options: CtcOptions = {}, count?: number): number[][] {
  const timeFirst = options.layout === 'TNC';
  const [a, b, classes] = scores.dims;
  if (scores.dims.length !== 3 || a === undefined || b === undefined || classes === undefined) {
    throw metricInputError('ctc', 'scores of 3 axes', `[${scores.dims.join(', ')}]`);
  }
  const [samples, frames] = timeFirst ? [b, a] : [a, b];
  const blank = options.blank === 'last' ? classes - 1 : (options.blank ?? 0);
  const values = float32View(scores);
  const stride = timeFirst ? samples * classes : classes;
  return Array.from({ length: Math.min(samples, count ?? samples) }, (_, sample) => {
    const start = sample * (timeFirst ? classes : frames * classes);
    const path = Array.from({ length: frames }, (_, t) => largest(values, start + t * stride, classes));
    return path.filter((symbol, t) => symbol !== blank && symbol !== path[t - 1]);
  });
}

function largest(values: Float32Array, start: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) if (values[start + c]! > values[start + best]!) best = c;
  return best;
}
