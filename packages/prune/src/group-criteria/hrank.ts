import { singularValues } from '@gossamer/kernels';
import type { GroupCriterion } from './group-criterion.js';
import { visitActivations } from './unit-activations.js';

/** Of float32: activations are no more exact. */
const EPSILON = 2 ** -23;

/**
 * Mean rank of a unit's feature map over the samples; a number counts as a singular value where it is above max(rows, columns) times the largest
 * one times 2^-23. Source: Lin et al. 2020, arXiv:2002.10179 (HRank).
 */
export const hrank: GroupCriterion = {
  name: 'hrank',
  needs: 'inputs',
  isGlobal: false,
  seesBodies: false,
  score: async (context) => {
    const sums = context.groups.map(({ units }) => units.map(() => ({ rank: 0, maps: 0 })));
    await visitActivations(context, ({ group, unit, values, columns }) => {
      const rows = values.length / columns;
      if (rows < 2 || columns < 2) return;
      const own = sums[group]![unit]!;
      own.rank += rankOf(values, rows, columns);
      own.maps++;
    });
    return sums.map((units) =>
      units[0]!.maps > 0 ? Float64Array.from(units, ({ rank, maps }) => rank / maps) : 'it has no feature maps',
    );
  },
};

function rankOf(map: Float32Array, rows: number, columns: number): number {
  const { values } = singularValues(map, rows, columns);
  const least = Math.max(rows, columns) * values[0]! * EPSILON;
  return values.filter((value) => value > least).length;
}
