import { isFloat, type Tensor } from '@gossamer/graph';
import { validRows } from '../data/valid-rows.js';
import { type Metric, metricInputError, type MetricOptions, pickOutput } from './metric.js';
import { argmax, scoreRows } from './score-rows.js';

/**
 * Share of samples for which the output decides as the reference's does: the same largest class on the last axis; for outputs with one
 * class the same side of `threshold` (0.5); for integer outputs the same value. Outputs with several positions a sample count each.
 */
export function agreement(options: MetricOptions): Metric {
  const name = 'agreement';
  let samples = 0;
  let agreed = 0;
  return {
    name,
    better: 'higher',
    needs: 'reference',
    update(outputs, batch) {
      if (!batch.reference) throw metricInputError(name, 'the outputs of a reference', 'none');
      const [mine, theirs] = [outputs, batch.reference].map((from) =>
        decisions(validRows(pickOutput(name, from, options.output), batch), options.threshold ?? 0.5),
      ) as [Float64Array, Float64Array];
      if (mine.length !== theirs.length) {
        throw metricInputError(name, `${theirs.length} positions as in the reference`, String(mine.length));
      }
      samples += mine.length;
      // A decision of NaN, which is none, equals nothing.
      mine.forEach((decision, i) => (agreed += decision === theirs[i] ? 1 : 0));
    },
    result: () => ({
      metric: name,
      value: samples === 0 ? NaN : agreed / samples,
      samples,
      details: { changed: samples - agreed },
    }),
  };
}

/** What each position decides; NaN where a score is NaN. */
function decisions(output: Tensor, threshold: number): Float64Array {
  if (!isFloat(output.dtype)) return output.toFloat64();
  const positions = output.dims.length === 0 ? output.reshaped([1]) : output;
  const scores = scoreRows('agreement', positions, positions.dims[0]!);
  return Float64Array.from({ length: scores.rows }, (_, row) => {
    const value = scores.classes > 1 ? argmax(scores, row) : scores.values[row]!;
    if (scores.classes > 1) return value < 0 ? NaN : value;
    return Number.isNaN(value) ? NaN : Number(value >= threshold);
  });
}
