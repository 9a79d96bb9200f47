import { isFloat, type Tensor } from '@gossamer/graph';
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
      const mine = decisions(pickOutput(name, outputs, options.output), batch.count, options.threshold ?? 0.5);
      const theirs = decisions(
        pickOutput(name, batch.reference, options.output),
        batch.count,
        options.threshold ?? 0.5,
      );
      if (mine.length !== theirs.length) {
        throw metricInputError(name, `${theirs.length} positions as in the reference`, String(mine.length));
      }
      samples += mine.length;
      // NaN decides nothing (-1), so it agrees with nothing.
      mine.forEach((decision, i) => (agreed += decision === theirs[i] && decision !== -1 ? 1 : 0));
    },
    result: () => ({
      metric: name,
      value: samples === 0 ? NaN : agreed / samples,
      samples,
      details: { changed: samples - agreed },
    }),
  };
}

function decisions(output: Tensor, count: number, threshold: number): Float64Array {
  if (!isFloat(output.dtype)) {
    const values = output.toFloat64();
    return output.dims.length === 0 ? values : values.subarray(0, (values.length / output.dims[0]!) * count);
  }
  const scores = scoreRows('agreement', output.dims.length === 0 ? output.reshaped([1]) : output, count);
  return Float64Array.from({ length: scores.rows }, (_, row) => {
    if (scores.classes > 1) return argmax(scores, row);
    const value = scores.values[row]!;
    return Number.isNaN(value) ? -1 : Number(value >= threshold);
  });
}
