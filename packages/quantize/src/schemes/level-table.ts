import type { ScaleBlock } from './scale-block.js';
import { nearestLevel } from '../grid/nearest-level.js';
import type { LevelGrid } from '../grid/weight-grid.js';
import { clipShares, type FittedScale, fitScales, leastError } from './fit-scales.js';
import type { Scheme, SchemeLayout } from './scheme.js';

/** A scheme of fixed levels, ascending, times a scale: the largest magnitude of a block meets the largest level. */
export function levelTable(name: string, bits: number, levels: Float32Array): Scheme {
  return {
    name,
    bits,
    fit(data, layout): LevelGrid {
      const { rows, columns } = layout;
      const { blockSize, scales } = fitScales(data, layout, (block) => scaleOf(block, levels, bits, layout));
      return { kind: 'levels', rows, columns, blockSize, scales, levels, tables: 1 };
    },
  };
}

function scaleOf(block: ScaleBlock, levels: Float32Array, bits: number, { clip }: SchemeLayout): FittedScale {
  let [low, high] = [0, 0];
  for (const value of block.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const [least, most] = [levels[0]!, levels.at(-1)!];
  // Levels may reach further on one side than on the other.
  const full = Math.max(least < 0 ? low / least : 0, most > 0 ? high / most : 0);
  if (full === 0) return { scale: 1, zeroPoint: 0 };
  if (!clip) return { scale: full, zeroPoint: 0 };
  const shares = [...clipShares(clip, block, bits, high > -low ? high : -low)];
  const candidates = shares.map((share) => ({ scale: Math.fround(full * share), zeroPoint: 0 }));
  return leastError(block, candidates, (value, { scale }) => levels[nearestLevel(levels, value / scale)]! * scale);
}
