import { type Metric, type MetricOptions, pickOutput, required } from './metric.js';
import { argmax, classLabels, scoreRows } from './score-rows.js';

/**
 * Mean over classes of the share of their samples that are misclassified (1 - balanced accuracy), with each class's own error and its
 * most frequent confusions in `details.classes`.
 */
export function classError(options: MetricOptions): Metric {
  const name = 'class-error';
  // label -> predicted class -> count; -1 stands for a row with NaN.
  const confusion = new Map<number, Map<number, number>>();
  return {
    name,
    better: 'lower',
    needs: 'labels',
    update(outputs, batch) {
      const scores = scoreRows(name, pickOutput(name, outputs, options.output), batch.count);
      const labels = classLabels(name, required(name, 'labels', batch), scores);
      labels.forEach((label, row) => {
        const predictions = confusion.get(label) ?? new Map<number, number>();
        const predicted = argmax(scores, row);
        predictions.set(predicted, (predictions.get(predicted) ?? 0) + 1);
        confusion.set(label, predictions);
      });
    },
    result() {
      const classes = [...confusion].sort(([a], [b]) => a - b).map(([label, found]) => summary(label, found));
      const samples = classes.reduce((sum, item) => sum + item.samples, 0);
      const value = classes.reduce((sum, item) => sum + item.error, 0) / classes.length;
      return { metric: name, value, samples, details: { classes } };
    },
  };
}

function summary(label: number, predictions: ReadonlyMap<number, number>) {
  const samples = [...predictions.values()].reduce((sum, count) => sum + count, 0);
  const errors = samples - (predictions.get(label) ?? 0);
  const confusedWith = [...predictions]
    .filter(([predicted]) => predicted !== label)
    .sort(([a, countA], [b, countB]) => countB - countA || a - b)
    .slice(0, 3)
    .map(([predicted, count]) => ({ predicted, count }));
  return { label, samples, errors, error: errors / samples, confusedWith };
}
