import { float32View } from '../session/tensor-view.js';
import { type Metric, metricInputError, type MetricOptions, pickOutput, required } from './metric.js';

/** Mean over samples and positions of (output - target)²; targets have the output's shape. */
export function meanSquaredError(options: MetricOptions): Metric {
  const name = 'mean-squared-error';
  let count = 0;
  let sum = 0;
  return {
    name,
    better: 'lower',
    needs: 'targets',
    update(outputs, batch) {
      const output = pickOutput(name, outputs, options.output);
      const [rows = 0, ...rest] = output.dims;
      if (rows < batch.count)
        throw metricInputError(name, `an output of at least ${batch.count} samples`, `[${output.dims.join(', ')}]`);
      const length = rest.reduce((product, dim) => product * dim, batch.count);
      const targets = required(name, 'targets', batch).toFloat64();
      if (targets.length !== length) throw metricInputError(name, `${length} targets`, String(targets.length));
      const values = float32View(output);
      targets.forEach((target, i) => (sum += (values[i]! - target) ** 2));
      count += length;
    },
    result: () => ({ metric: name, value: count === 0 ? NaN : sum / count, samples: count }),
  };
}
