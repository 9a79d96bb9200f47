import type { GroupContext } from './group-criterion.js';
import { visitActivations } from './unit-activations.js';

/** Means of activations over a sample. */
export interface MeanActivations {
  /** By group and activation looked at: [unit][sample]. */
  readonly groups: readonly (readonly (readonly Float64Array[])[])[];
  /** The class of each sample; NaN where the data do not say it. */
  readonly labels: Float64Array;
}

/** Every unit's mean activation in every sample (global average pooling). */
export async function meanActivations(context: GroupContext): Promise<MeanActivations> {
  const means = context.groups.map((): number[][][] => []);
  const labels: number[] = [];
  await visitActivations(context, ({ group, unit, tap, values, sample, label }) => {
    const units = (means[group]![tap] ??= context.groups[group]!.units.map(() => []));
    units[unit]![sample] = values.reduce((a, b) => a + b, 0) / values.length;
    labels[sample] = label ?? NaN;
  });
  return {
    groups: means.map((taps) => taps.map((units) => units.map((values) => Float64Array.from(values)))),
    labels: Float64Array.from(labels),
  };
}

/** The bin of each number among `bins` of equal width over the range of all numbers of a layer, the last one closed. */
export function binsOver(units: readonly Float64Array[], bins: number): Int32Array[] {
  let [least, most] = [Infinity, -Infinity];
  for (const values of units) {
    for (const value of values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  const width = (most - least) / bins;
  const binOf = (value: number) => (width > 0 ? Math.min(bins - 1, Math.floor((value - least) / width)) : 0);
  return units.map((values) => Int32Array.from(values, binOf));
}

/** Mean over the activations looked at of what `score` says of each. */
export function meanOverTaps(
  taps: readonly (readonly Float64Array[])[],
  score: (units: readonly Float64Array[]) => Float64Array,
): Float64Array {
  const all = taps.map(score);
  return all[0]!.map((_, unit) => all.reduce((sum, scores) => sum + scores[unit]!, 0) / all.length);
}
