import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';

/** Half away from zero, as C rounds. */
const roundAway = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** The pixels [first, last) of bin `i` of `bins` that divide a region of an axis, kept inside the axis. */
function binOf(i: number, bins: number, start: number, end: number, size: number): [number, number] {
  const width = Math.max(end - start + 1, 1) / bins;
  const clamp = (x: number) => Math.max(0, Math.min(size, x));
  return [clamp(Math.floor(i * width) + start), clamp(Math.ceil((i + 1) * width) + start)];
}

/**
 * The maximum of each bin of regions [r, 5] (item, x1, y1, x2, y2 inclusive) of x [n, c, h, w]; an empty bin gives 0. Source: Girshick
 * 2015, Fast R-CNN, 2.1.
 */
function maxRoiPool(call: KernelCall): EvalTensor {
  const [x, rois] = [call.tensor(0), call.tensor(1)];
  const [items = 0, channels = 0, height = 0, width = 0] = x.dims;
  const [rows = 0, columns = 0] = call.node.ints('pooled_shape', []);
  const scale = call.node.float('spatial_scale', 1);
  const [from, regions] = [call.asNumbers(x), call.asNumbers(rois)];
  const count = rois.dims[0]!;
  const target = call.allocate(x.dtype, [count, channels, rows, columns]);
  const to = target.data as NumberData;
  for (let r = 0; r < count; r++) {
    const item = regions[r * 5]!;
    if (!(item >= 0 && item < items)) call.fail('ERR_EVAL_VALUE', 'rois', `an item below ${items}`, String(item));
    const [left, top, right, bottom] = [1, 2, 3, 4].map((i) => roundAway(regions[r * 5 + i]! * scale)) as [
      number,
      number,
      number,
      number,
    ];
    for (let bin = 0; bin < rows * columns; bin++) {
      const [y0, y1] = binOf(Math.floor(bin / columns), rows, top, bottom, height);
      const [x0, x1] = binOf(bin % columns, columns, left, right, width);
      call.charge(channels * Math.max(0, y1 - y0) * Math.max(0, x1 - x0));
      for (let c = 0; c < channels; c++) {
        const base = (item * channels + c) * height * width;
        let most = y1 <= y0 || x1 <= x0 ? 0 : -Infinity;
        for (let y = y0; y < y1; y++) {
          for (let px = x0; px < x1; px++) most = Math.max(most, from[base + y * width + px]!);
        }
        to[(r * channels + c) * rows * columns + bin] = most;
      }
    }
  }
  return target;
}

export const regionPooling: Kernel = defineKernel({ op: 'MaxRoiPool', run: (call) => [maxRoiPool(call)] });
