import { type Metric, type MetricOptions, pickOutput, required } from './metric.js';
import { classLabels, type ScoreRows, scoreRows } from './score-rows.js';

/**
 * Share of samples whose label is among the `k` largest scores; of equal scores the lower class ranks first, NaN never counts.
 * Scores [samples, classes] or [samples, ..., classes] with a label for each position.
 */
export function topK(name: string, k: number, options: MetricOptions): Metric {
  let samples = 0;
  let hits = 0;
  return {
    name,
    better: 'higher',
    needs: 'labels',
    update(outputs, batch) {
      const scores = scoreRows(name, pickOutput(name, outputs, options.output), batch.count);
      const labels = classLabels(name, required(name, 'labels', batch), scores);
      labels.forEach((label, row) => {
        samples++;
        if (rankOf(scores, row, label) < k) hits++;
      });
    },
    result: () => ({ metric: name, value: samples === 0 ? NaN : hits / samples, samples, details: { hits } }),
  };
}

/** How many classes rank before `label`. */
function rankOf({ values, classes }: ScoreRows, row: number, label: number): number {
  const start = row * classes;
  const own = values[start + label]!;
  let before = 0;
  for (let c = 0; c < classes; c++) {
    const score = values[start + c]!;
    if (Number.isNaN(score) || Number.isNaN(own)) return Infinity;
    if (score > own || (score === own && c < label)) before++;
  }
  return before;
}
