import type { ScaleBlock } from './scale-block.js';
import { roundHalfEven } from '@gossamer/graph';
import type { AffineGrid } from '../grid/weight-grid.js';
import { CLIP, clipShares, type FittedScale, fitScales, leastIntegerError } from './fit-scales.js';
import type { Clip, Scheme } from './scheme.js';

/**
 * Integers of 2 to 16 bits. int: symmetric. In blocks and rows all codes serve: scale = |v| / 2^(bits - 1) of either sign, v the value of largest magnitude, which
 * the lowest code stands for (as ONNX Runtime's and ggml's formats have it); per tensor, and from 8 bits on, codes are within +-(2^(bits - 1) - 1). uint: asymmetric, with an
 * exact zero.
 */
export function integer(bits: number, isSigned: boolean): Scheme {
  return {
    name: `${isSigned ? 'int' : 'uint'}${bits}`,
    bits,
    blockFit: ({ blockSize, clip }) =>
      // The solver searches; it knows no other clip.
      bits > 8 || clip === 'octav'
        ? undefined
        : {
            ...{ bits, blockSize, isSigned, mapping: isSigned ? 'symmetric' : 'asymmetric' },
            ...(isSigned && bits === 8 ? { range: 'restricted' } : {}),
            ...(clip ? { clip: CLIP } : {}),
          },
    fit(data, layout) {
      const { rows, columns, clip } = layout;
      const half = 2 ** (bits - 1);
      if (!isSigned) {
        const [quantMin, quantMax] = [0, 2 * half - 1];
        const fitted = fitScales(data, layout, (block) => asymmetric(block, quantMax, clip));
        return { kind: 'affine', rows, columns, quantMin, quantMax, ...fitted };
      }
      const isFull = bits < 8 && layout.granularity !== 'tensor';
      const [quantMin, quantMax] = [isFull ? -half : 1 - half, half - 1];
      const fitted = fitScales(data, layout, (block) => symmetric(block, quantMin, quantMax, clip));
      return { kind: 'affine', rows, columns, quantMin, quantMax, ...fitted } satisfies AffineGrid;
    },
  };
}

/** Bits of codes of which the lowest and the highest are so far apart. */
const bitsOf = (span: number): number => Math.ceil(Math.log2(span + 1));

/** A scale is negative where the lowest code stands for a positive value. */
function symmetric(block: ScaleBlock, quantMin: number, quantMax: number, clip: Clip): FittedScale {
  let largest = 0;
  let size = 0;
  for (const value of block.values) {
    const own = value < 0 ? -value : value;
    if (own > size) [largest, size] = [value, own];
  }
  if (largest === 0) return { scale: 1, zeroPoint: 0 };
  const isFull = quantMin + quantMax < 0;
  const full = isFull ? largest / quantMin : Math.abs(largest) / quantMax;
  if (!clip) return { scale: full, zeroPoint: 0 };
  const candidates = [...clipShares(clip, block, bitsOf(quantMax - quantMin), size)].flatMap((share) =>
    [full, ...(isFull ? [-full] : [])].map((scale) => ({ scale: Math.fround(scale * share), zeroPoint: 0 })),
  );
  return leastIntegerError(block, candidates, quantMin, quantMax);
}

function asymmetric(block: ScaleBlock, quantMax: number, clip: Clip): FittedScale {
  let [low, high] = [0, 0];
  for (const value of block.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low === high) return { scale: 1, zeroPoint: 0 };
  const at = (lower: number, upper: number): FittedScale => {
    // In float32, as the native kernels have it; upper - lower could overflow there.
    const scale = Math.fround(Math.fround(upper / quantMax) - Math.fround(lower / quantMax)) || 1;
    return { scale, zeroPoint: Math.min(quantMax, roundHalfEven(Math.fround((0 - lower) / scale))) };
  };
  if (!clip) return at(low, high);
  const size = high > -low ? high : -low;
  const all = [...clipShares(clip, block, bitsOf(quantMax), size)];
  const shares = all.filter((_, i) => i % 3 === 0);
  const candidates =
    clip === 'octav'
      ? all.map((share) => at(Math.max(low, -share * size), Math.min(high, share * size)))
      : shares.flatMap((a) => shares.map((b) => at(a * low, b * high)));
  return leastIntegerError(
    block,
    candidates.filter(({ scale }) => scale > 0),
    0,
    quantMax,
  );
}
