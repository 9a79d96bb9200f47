import { type Node, roundHalfEven } from '@gossamer/graph';
import type { PairLayout } from './pair-layout.js';
import { excess, type Pair } from './pairs-at-risk.js';

/** How activations become uint8 codes (int8 ones are shifted by 128 before they are multiplied). */
export interface InputCodes {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Sums over what was run. */
export interface SaturationCount {
  /** Pairs of products added, and those of them that were cut off. */
  pairs: number;
  saturated: number;
  /** Square of what was cut off an output, in units of (input scale x weight scale of the row), row by row. */
  readonly squaredExcess: Float64Array;
}

export const emptyCount = (layout: PairLayout): SaturationCount => ({
  pairs: 0,
  saturated: 0,
  squaredExcess: new Float64Array(layout.rows),
});

/**
 * Counts what a CPU without VNNI cuts off while it computes `node` on these activations (float32, of shape `dims`), looking only at `risky` pairs.
 * False: the shape or the attributes are not of a kind that is counted (auto_pad, other than two axes). O(outputs of risky rows x their pairs).
 */
export function countSaturation(
  count: SaturationCount,
  node: Node,
  layout: PairLayout,
  risky: readonly Pair[],
  x: Float32Array,
  dims: readonly number[],
  input: InputCodes,
): boolean {
  const code = (value: number) => Math.min(255, Math.max(0, roundHalfEven(value / input.scale) + input.zeroPoint));
  const codes = Uint8Array.from(x, code);
  const windows = node.op === 'Conv' ? convWindows(node, layout, dims) : productWindows(dims);
  if (!windows) return false;
  const byRow = new Map<number, Pair[]>();
  for (const pair of risky) byRow.set(pair.row, [...(byRow.get(pair.row) ?? []), pair]);
  count.pairs += windows.count * layout.rows * Math.floor(layout.columns / 2);
  for (const [row, pairs] of byRow) {
    const weights = pairs.map(({ column }) => [layout.code(row, column), layout.code(row, column + 1)] as const);
    for (let window = 0; window < windows.count; window++) {
      let cut = 0;
      pairs.forEach(({ column }, i) => {
        const [first, second] = [column, column + 1].map((k) => {
          const place = windows.place(window, row, k);
          return place < 0 ? input.zeroPoint : codes[place]!;
        });
        const over = excess(first! * weights[i]![0] + second! * weights[i]![1]);
        if (over !== 0) count.saturated++;
        cut += over;
      });
      count.squaredExcess[row]! += cut * cut;
    }
  }
  return true;
}

/** Sums that an output feature has, and where each takes column k of its input from; -1: padding. */
interface Windows {
  readonly count: number;
  readonly place: (window: number, row: number, column: number) => number;
}

function productWindows(dims: readonly number[]): Windows {
  const columns = dims.at(-1)!;
  const count = dims.slice(0, -1).reduce((a, b) => a * b, 1);
  return { count, place: (window, _, column) => window * columns + column };
}

function convWindows(node: Node, layout: PairLayout, dims: readonly number[]): Windows | undefined {
  const autoPad = node.string('auto_pad', 'NOTSET');
  const kernel = node.ints('kernel_shape', []);
  if (dims.length !== 4 || kernel.length !== 2 || autoPad !== 'NOTSET') return undefined;
  const [batch, channels, height, width] = dims as [number, number, number, number];
  const [kernelHeight, kernelWidth] = kernel as [number, number];
  const [strideY, strideX] = node.ints('strides', [1, 1]) as [number, number];
  const [dilationY, dilationX] = node.ints('dilations', [1, 1]) as [number, number];
  const [top, left, bottom, right] = node.ints('pads', [0, 0, 0, 0]) as [number, number, number, number];
  const outHeight = Math.floor((height + top + bottom - dilationY * (kernelHeight - 1) - 1) / strideY) + 1;
  const outWidth = Math.floor((width + left + right - dilationX * (kernelWidth - 1) - 1) / strideX) + 1;
  const groupChannels = layout.columns / (kernelHeight * kernelWidth);
  return {
    count: batch * outHeight * outWidth,
    place(window, row, column) {
      const position = Math.floor(column / groupChannels);
      const y = Math.floor((window % (outHeight * outWidth)) / outWidth) * strideY - top;
      const x = (window % outWidth) * strideX - left;
      const inY = y + Math.floor(position / kernelWidth) * dilationY;
      const inX = x + (position % kernelWidth) * dilationX;
      if (inY < 0 || inY >= height || inX < 0 || inX >= width) return -1;
      const image = Math.floor(window / (outHeight * outWidth));
      return ((image * channels + layout.channelOf(row, column)) * height + inY) * width + inX;
    },
  };
}
