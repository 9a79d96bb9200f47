import { dampedMoment, inverseAsync, type RowMask, shareRemovals, solveRowsAsync } from '@gossamer/kernels';
import { DAMPING } from '../criteria/damping.js';
import type { Update, UpdatedWeight, UpdateProblem } from './update.js';

/**
 * OBC (ExactOBS): in each row the weight that costs least goes, again and again, and those that are left make up for it exactly. How many a row gives up is told by the traces of all rows. Two
 * passes of columns³ / 3 multiply-adds a row: for layers of some hundred columns.
 *
 * Source: Frantar, Singh and Alistarh, "Optimal Brain Compression" (arXiv:2208.11580), section 4.
 */
export const obs: Update = {
  name: 'obs',
  async solve({ matrix, second, removal, signal }: UpdateProblem): Promise<UpdatedWeight> {
    const { groups, rows, columns, data } = matrix;
    const size = rows * columns;
    const options = signal ? { signal } : {};
    const inverses: Float64Array[] = [];
    for (const own of second) inverses.push(await inverseAsync(dampedMoment(own, columns, DAMPING), columns, options));
    const solve = (group: number, how: { readonly counts?: Int32Array; readonly mask?: RowMask }) =>
      solveRowsAsync(
        {
          ...{ w: data.slice(group * size, (group + 1) * size), rows, columns },
          ...{ inverse: inverses[group]!, ...how },
        },
        options,
      );
    let counts: Int32Array | undefined;
    if (removal.kind === 'count') {
      const traces = new Float64Array(data.length);
      for (let group = 0; group < groups; group++) traces.set((await solve(group, {})).losses, group * size);
      counts = shareRemovals(traces, groups * rows, columns, data.length - removal.kept);
    }
    const [out, kept] = [new Float32Array(data.length), new Uint8Array(data.length).fill(1)];
    let loss = 0;
    for (let group = 0; group < groups; group++) {
      const mask: RowMask | undefined =
        removal.kind === 'given'
          ? { kind: 'given', kept: removal.kept.slice(group * size, (group + 1) * size) }
          : removal.kind === 'groups'
            ? { kind: 'groups', keep: removal.keep, blockSize: removal.group }
            : undefined;
      const { weights, fixed, losses } = await solve(group, {
        ...(counts ? { counts: counts.slice(group * rows, (group + 1) * rows) } : {}),
        ...(mask ? { mask } : {}),
      });
      out.set(weights, group * size);
      fixed.forEach((column, at) => {
        if (column >= 0) kept[group * size + Math.floor(at / columns) * columns + column] = 0;
      });
      loss += losses.reduce((sum, step) => sum + step, 0);
    }
    return { data: out, kept, loss };
  },
};
