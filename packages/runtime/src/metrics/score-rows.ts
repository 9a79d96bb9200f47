import type { Tensor } from '@gossamer/graph';
import { float32View } from '../session/tensor-view.js';
import { metricInputError } from './metric.js';

/** Scores seen as rows of classes: [samples, ..., classes]. */
export interface ScoreRows {
  readonly values: Float32Array;
  /** Rows that count: all positions of the samples that count. */
  readonly rows: number;
  readonly classes: number;
}

/** Views a tensor of scores as rows, dropping what lies beyond `count` samples. A rank-1 tensor has one class. */
export function scoreRows(metric: string, scores: Tensor, count: number): ScoreRows {
  const [samples, ...rest] = scores.dims;
  if (samples === undefined || samples < count) {
    throw metricInputError(metric, `an output of at least ${count} samples`, `[${scores.dims.join(', ')}]`);
  }
  const classes = rest.at(-1) ?? 1;
  const positions = rest.slice(0, -1).reduce((product, dim) => product * dim, 1);
  return { values: float32View(scores), rows: count * positions, classes };
}

/** One class for each row of scores; throws unless labels count as many as rows. Integers, or floats that are whole numbers. */
export function classLabels(metric: string, labels: Tensor, { rows, classes }: ScoreRows): Float64Array {
  const values = labels.toFloat64();
  if (values.length !== rows) {
    throw metricInputError(metric, `${rows} labels`, `[${labels.dims.join(', ')}]`);
  }
  for (const label of values) {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw metricInputError(metric, `labels in [0, ${classes})`, String(label));
    }
  }
  return values;
}

/** Class of the largest score of a row, the lowest of equals (as numpy.argmax); -1 when a score is NaN. */
export function argmax({ values, classes }: ScoreRows, row: number): number {
  const start = row * classes;
  let best = 0;
  for (let c = 0; c < classes; c++) {
    const score = values[start + c]!;
    if (Number.isNaN(score)) return -1;
    if (score > values[start + best]!) best = c;
  }
  return best;
}

/** log softmax of class `index` of a row, in float64. */
export function logSoftmax({ values, classes }: ScoreRows, row: number, index: number): number {
  const start = row * classes;
  let largest = -Infinity;
  for (let c = 0; c < classes; c++) largest = Math.max(largest, values[start + c]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(values[start + c]! - largest);
  return values[start + index]! - largest - Math.log(sum);
}
