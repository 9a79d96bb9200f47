import { type Metric, metricInputError, type MetricOptions, pickOutput, required } from './metric.js';
import { argmax, classLabels, logSoftmax, type ScoreRows, scoreRows } from './score-rows.js';

/** Probabilities of a row sum to 1 within this (float32 softmax of a few thousand classes), */
const SUM_TOLERANCE = 1e-3;
/** and within this for each of them: half a step of 8 bits, so that those of a quantized softmax are known for what they are. */
const STEP_TOLERANCE = 1 / 510;

/**
 * Expected calibration error: samples are binned by the confidence of their prediction, and the gaps between mean confidence and
 * accuracy are averaged over the bins by their size. Outputs that are not probabilities go through softmax.
 *
 * Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 5 (15 bins, ((m-1)/M, m/M]).
 */
export function calibrationError(options: MetricOptions): Metric {
  const name = 'ece';
  const count = options.bins ?? 15;
  if (!(Number.isInteger(count) && count > 0)) throw metricInputError(name, 'bins: an integer > 0', String(count));
  const bins = Array.from({ length: count }, () => ({ samples: 0, confidence: 0, correct: 0 }));
  return {
    name,
    better: 'lower',
    needs: 'labels',
    update(outputs, batch) {
      const scores = scoreRows(name, pickOutput(name, outputs, options.output), batch.count);
      const labels = classLabels(name, required(name, 'labels', batch), scores);
      labels.forEach((label, row) => {
        const predicted = argmax(scores, row);
        const confidence = predicted < 0 ? NaN : confidenceOf(scores, row, predicted);
        if (Number.isNaN(confidence)) throw metricInputError(name, 'finite scores', 'NaN');
        const bin = bins[Math.min(count, Math.max(1, Math.ceil(confidence * count))) - 1]!;
        bin.samples++;
        bin.confidence += confidence;
        if (predicted === label) bin.correct++;
      });
    },
    result() {
      const samples = bins.reduce((sum, bin) => sum + bin.samples, 0);
      const gap = bins.reduce((sum, bin) => sum + Math.abs(bin.correct - bin.confidence), 0);
      return { metric: name, value: gap / samples, samples, details: { bins } };
    },
  };
}

function confidenceOf(scores: ScoreRows, row: number, predicted: number): number {
  const { values, classes } = scores;
  let sum = 0;
  let isProbability = true;
  for (let c = 0; c < classes; c++) {
    const score = values[row * classes + c]!;
    sum += score;
    isProbability &&= score >= 0 && score <= 1;
  }
  if (isProbability && Math.abs(sum - 1) <= SUM_TOLERANCE + classes * STEP_TOLERANCE)
    return values[row * classes + predicted]!;
  return Math.exp(logSoftmax(scores, row, predicted));
}
