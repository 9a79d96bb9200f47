import type { ScaleBlock } from './scale-block.js';
import { TO_INTEGER } from '../grid/quantized-matrix.js';
import { octavLimit } from './octav-limit.js';
import type { Clip, SchemeLayout } from './scheme.js';

/** Shares of the full range that a clip search tries, from 1 down. */
export const CLIP = { steps: 24, min: 0.4 };

/** What is found for each block: a scale, and a zero point where the scheme has one. */
export interface FittedScale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Scales of a matrix as grids hold them, one a row and block; a matrix that shares one scale has it in every place. */
export interface FittedScales {
  readonly blockSize: number;
  readonly scales: Float32Array;
  readonly zeroPoints: Float32Array;
}

/** Calls `fit` for each block of a matrix that has a scale of its own. A scale of 0 (all weights 0) becomes 1. */
export function fitScales(
  data: Float32Array,
  { rows, columns, granularity, importance }: SchemeLayout,
  fit: (block: ScaleBlock) => FittedScale,
): FittedScales {
  const blockSize = typeof granularity === 'number' ? Math.min(granularity, columns) : columns;
  const blocks = Math.ceil(columns / blockSize);
  const scales = new Float32Array(rows * blocks);
  const zeroPoints = new Float32Array(rows * blocks);
  if (granularity === 'tensor') {
    const all = importance && Float32Array.from(data, (_, i) => importance[i % columns]!);
    const { scale, zeroPoint } = fit({ values: data, importance: all });
    return { blockSize, scales: scales.fill(scale || 1), zeroPoints: zeroPoints.fill(zeroPoint) };
  }
  const shares = importance && Float32Array.from(importance);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * blockSize;
      const last = Math.min(first + blockSize, columns);
      const values = data.subarray(row * columns + first, row * columns + last);
      const { scale, zeroPoint } = fit({ values, importance: shares?.subarray(first, last) });
      scales[row * blocks + block] = scale || 1;
      zeroPoints[row * blocks + block] = zeroPoint;
    }
  }
  return { blockSize, scales, zeroPoints };
}

/** The candidate of least weighted squared error; the first at a tie. */
export function leastError(
  { values, importance }: ScaleBlock,
  candidates: Iterable<FittedScale>,
  rounded: (value: number, candidate: FittedScale) => number,
): FittedScale {
  let best: FittedScale = { scale: 1, zeroPoint: 0 };
  let least = Infinity;
  for (const candidate of candidates) {
    let error = 0;
    for (let i = 0; i < values.length && error < least; i++) {
      const difference = values[i]! - rounded(values[i]!, candidate);
      error += (importance ? importance[i]! : 1) * difference * difference;
    }
    if (error >= least) continue;
    least = error;
    best = candidate;
  }
  return best;
}

/** `leastError` for integers in [quantMin, quantMax] and whole zero points: (q - zeroPoint) * scale, ties to even. */
export function leastIntegerError(
  { values, importance }: ScaleBlock,
  candidates: Iterable<FittedScale>,
  quantMin: number,
  quantMax: number,
): FittedScale {
  let best: FittedScale = { scale: 1, zeroPoint: 0 };
  let least = Infinity;
  for (const candidate of candidates) {
    const { scale, zeroPoint } = candidate;
    const [low, high] = [quantMin - zeroPoint, quantMax - zeroPoint];
    let error = 0;
    for (let i = 0; i < values.length && error < least; i++) {
      const value = values[i]!;
      const steps = value / scale;
      const code = steps < low ? low : steps > high ? high : steps + TO_INTEGER - TO_INTEGER;
      const difference = value - code * scale;
      error += importance ? importance[i]! * difference * difference : difference * difference;
    }
    if (error >= least) continue;
    least = error;
    best = candidate;
  }
  return best;
}

/** Shares of the full range to try: 1 alone where there is no search. `bits` of a code, which OCTAV's limit depends on; `full` is the largest magnitude. */
export function* clipShares(clip: Clip, block: ScaleBlock, bits: number, full: number): Generator<number> {
  if (clip === 'octav') {
    yield 1;
    const share = octavLimit(block, bits) / full;
    if (share > 0 && share < 1) yield share;
    return;
  }
  const steps = clip ? CLIP.steps : 1;
  for (let i = 0; i < steps; i++) yield 1 - ((1 - CLIP.min) * i) / Math.max(1, CLIP.steps - 1);
}
