import { type Metric, metricInputError, type MetricOptions, pickOutput, required } from './metric.js';
import { logSoftmax, scoreRows } from './score-rows.js';

/**
 * exp of the mean negative log likelihood of the targets: logits [samples, positions, vocabulary], targets [samples, positions] already
 * shifted (the token that follows each position). `details.meanNll` is in nats.
 *
 * Source: Jurafsky and Martin, "Speech and Language Processing", 3rd edition draft, section 3.3 (with natural logarithms).
 */
export function perplexity(options: MetricOptions): Metric {
  const name = 'perplexity';
  const ignored = options.ignoreIndex ?? -100;
  let positions = 0;
  let nll = 0;
  return {
    name,
    better: 'lower',
    needs: 'targets',
    update(outputs, batch) {
      const scores = scoreRows(name, pickOutput(name, outputs, options.output), batch.count);
      const targets = required(name, 'targets', batch).toFloat64();
      if (targets.length !== scores.rows)
        throw metricInputError(name, `${scores.rows} targets`, String(targets.length));
      targets.forEach((target, row) => {
        if (target === ignored) return;
        if (!(Number.isInteger(target) && target >= 0 && target < scores.classes)) {
          throw metricInputError(name, `targets in [0, ${scores.classes})`, String(target));
        }
        positions++;
        nll -= logSoftmax(scores, row, target);
      });
    },
    result() {
      const meanNll = positions === 0 ? NaN : nll / positions;
      return { metric: name, value: Math.exp(meanNll), samples: positions, details: { meanNll } };
    },
  };
}
