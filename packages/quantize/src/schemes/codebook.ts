import { fitLevels } from '../codebooks/fit-levels.js';
import type { LevelGrid } from '../grid/weight-grid.js';
import { fitScales } from './fit-scales.js';
import type { Scheme } from './scheme.js';

/**
 * Shared values found by k-means: a table of 2^bits for the matrix (granularity tensor, or blocks, whose weights are divided by the largest magnitude of their block first), or for
 * each row. Columns of a large importance count for more.
 *
 * Source: Han, Mao and Dally, "Deep Compression", ICLR 2016, section 3.
 */
export function codebook(bits: number): Scheme {
  const count = 2 ** bits;
  return {
    name: `codebook${bits}`,
    bits,
    fit(data, layout): LevelGrid {
      const { rows, columns, granularity, importance } = layout;
      if (granularity === 'row') {
        const levels = new Float32Array(rows * count);
        for (let row = 0; row < rows; row++) {
          levels.set(fitLevels(data.subarray(row * columns, (row + 1) * columns), importance, count), row * count);
        }
        const scales = new Float32Array(rows).fill(1);
        return { kind: 'levels', rows, columns, blockSize: columns, scales, levels, tables: rows };
      }
      const isShared = granularity === 'tensor';
      const { blockSize, scales } = fitScales(data, layout, ({ values }) => ({
        scale: isShared ? 1 : values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
        zeroPoint: 0,
      }));
      const blocks = Math.ceil(columns / blockSize);
      const scaleAt = (i: number) => scales[Math.floor(i / columns) * blocks + Math.floor((i % columns) / blockSize)]!;
      const normal = isShared ? data : data.map((value, i) => value / scaleAt(i));
      const weights = isShared
        ? importance && data.map((_, i) => importance[i % columns]!)
        : data.map((_, i) => scaleAt(i) ** 2 * (importance?.[i % columns] ?? 1));
      return { kind: 'levels', rows, columns, blockSize, scales, levels: fitLevels(normal, weights, count), tables: 1 };
    },
  };
}
