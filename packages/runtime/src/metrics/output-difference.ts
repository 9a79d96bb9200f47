import { isFloat, type Tensor } from '@gossamer/graph';
import { validRows } from '../data/valid-rows.js';
import type { Outputs } from '../session/feeds.js';
import { float32View } from '../session/tensor-view.js';
import { type Metric, type MetricBatch, metricInputError, type MetricOptions } from './metric.js';

/** Sums over the elements of one output, in float64. Pairs with NaN or Infinity on either side are counted, not summed. */
export interface DifferenceSums {
  count: number;
  squaredError: number;
  squaredReference: number;
  squaredActual: number;
  product: number;
  maxAbsError: number;
  nonFinite: number;
}

/** Sums of all zero. */
export function emptySums(): DifferenceSums {
  return { count: 0, squaredError: 0, squaredReference: 0, squaredActual: 0, product: 0, maxAbsError: 0, nonFinite: 0 };
}

/** Adds the elements of two equally long arrays. Equal infinities are a match. */
export function addDifferences(sums: DifferenceSums, reference: Float32Array, actual: Float32Array): void {
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i]!;
    const a = actual[i]!;
    if (!Number.isFinite(r) || !Number.isFinite(a)) {
      if (r !== a) sums.nonFinite++;
      continue;
    }
    const error = a - r;
    sums.count++;
    sums.squaredError += error * error;
    sums.squaredReference += r * r;
    sums.squaredActual += a * a;
    sums.product += r * a;
    sums.maxAbsError = Math.max(sums.maxAbsError, Math.abs(error));
  }
}

/** Signal to quantization noise, 10 log10(sum r^2 / sum (a - r)^2), in dB; Infinity for equal outputs, NaN where one side is not finite. */
export function sqnrDb({ squaredReference, squaredError, nonFinite }: DifferenceSums): number {
  if (nonFinite > 0) return NaN;
  if (squaredError === 0) return Infinity;
  return 10 * Math.log10(squaredReference / squaredError);
}

/** Cosine of the angle between the outputs; 1 for equal ones (two zero vectors included). */
export function cosine({ product, squaredReference, squaredActual, squaredError, nonFinite }: DifferenceSums): number {
  if (nonFinite > 0) return NaN;
  if (squaredError === 0) return 1;
  return product / Math.sqrt(squaredReference * squaredActual);
}

/** Largest absolute difference; NaN where one side is not finite. */
export function maxAbsError({ maxAbsError: largest, nonFinite }: DifferenceSums): number {
  return nonFinite > 0 ? NaN : largest;
}

/** Compares floating outputs with the reference's; the value is that of the worst output, `details.outputs` has each. */
export function outputDifference(
  name: string,
  better: 'higher' | 'lower',
  measure: (sums: DifferenceSums) => number,
  options: MetricOptions,
): Metric {
  const byOutput = new Map<string, DifferenceSums>();
  let samples = 0;
  return {
    name,
    better,
    needs: 'reference',
    update(outputs, batch) {
      const { reference } = batch;
      if (!reference) throw metricInputError(name, 'the outputs of a reference', 'none');
      samples += batch.count;
      for (const [output, expected] of comparable(name, reference, options.output)) {
        const sums = byOutput.get(output) ?? emptySums();
        byOutput.set(output, sums);
        addOutput(name, output, sums, expected, outputs[output], batch);
      }
    },
    result() {
      const values = new Map([...byOutput].map(([output, sums]) => [output, measure(sums)]));
      const all = [...values.values()];
      const worst = better === 'higher' ? Math.min(...all) : Math.max(...all);
      return {
        metric: name,
        value: all.length === 0 ? NaN : worst,
        samples,
        details: { outputs: Object.fromEntries(values) },
      };
    },
  };
}

function comparable(name: string, reference: Readonly<Outputs>, wanted: string | undefined): [string, Tensor][] {
  const found = Object.entries(reference).filter(([output, tensor]) =>
    wanted === undefined ? isFloat(tensor.dtype) : output === wanted,
  );
  if (found.length === 0)
    throw metricInputError(name, `output ${wanted ?? 'of floats'}`, Object.keys(reference).join(', '));
  return found;
}

/** Adds one output of one batch, without the rows that only fill it up. */
function addOutput(
  metric: string,
  name: string,
  sums: DifferenceSums,
  expected: Tensor,
  actual: Tensor | undefined,
  batch: MetricBatch,
): void {
  const shape = (tensor: Tensor | undefined) => (tensor ? `[${tensor.dims.join(', ')}]` : 'none');
  if (!actual || shape(actual) !== shape(expected)) {
    throw metricInputError(metric, `output ${name} of ${shape(expected)}`, shape(actual));
  }
  addDifferences(sums, float32View(validRows(expected, batch)), float32View(validRows(actual, batch)));
}
