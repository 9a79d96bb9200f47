import { roundHalfEven } from '../../ir/small-float.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { toDoubles } from '../elementwise.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf, take } from '../strided.js';
import { cubic } from './resize.js';

type PaddingMode = 'zeros' | 'border' | 'reflection';

/** Mirrors a coordinate at the borders until it lies between them. */
function reflect(x: number, low: number, high: number): number {
  const range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const beyond = x < low ? low - x : x - high;
  const turns = Math.floor(beyond / range);
  const rest = beyond - turns * range;
  return x < low === (turns % 2 === 0) ? low + rest : high - rest;
}

/** A coordinate of one axis brought into reach of its pixels. */
function resolveCoordinate(x: number, size: number, padding: PaddingMode, corners: boolean): number {
  const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
  if (x >= low && x <= high) return x;
  if (padding === 'border') return Math.max(0, Math.min(size - 1, x));
  return padding === 'reflection' ? reflect(x, low, high) : x;
}

/** The pixel for an index that may be outside; -1 where zeros stand. */
function pixel(index: number, size: number, padding: PaddingMode, corners: boolean): number {
  if (index >= 0 && index < size) return index;
  if (padding === 'zeros') return -1;
  if (padding === 'border') return Math.max(0, Math.min(size - 1, index));
  return Math.trunc(corners ? reflect(index, 0, size - 1) : reflect(index, -0.5, size - 0.5));
}

/** Taps (index, weight) of an interpolation at coordinate `x`. */
function interpolation(mode: string, x: number): [number, number][] {
  if (mode === 'nearest') return [[roundHalfEven(x), 1]];
  const floor = Math.floor(x);
  if (mode === 'cubic' || mode === 'bicubic') {
    return [-1, 0, 1, 2].map((step) => [floor + step, cubic(-0.75)(x - floor - step)]);
  }
  return [
    [floor, 1 - (x - floor)],
    [floor + 1, x - floor],
  ];
}

/** Samples x [n, c, spatial..] at grid [n, out.., rank], whose coordinates in [-1, 1] name the last axis first. */
function gridSample(call: KernelCall): EvalTensor {
  const { node } = call;
  const [x, grid] = [call.tensor(0), call.tensor(1)];
  const [batch = 0, channels = 0, ...spatial] = x.dims;
  const output = grid.dims.slice(1, -1);
  const mode = node.string('mode', 'linear');
  const padding = node.string('padding_mode', 'zeros') as PaddingMode;
  const corners = node.int('align_corners', 0) === 1;
  // The nearest element is moved as it is, be it a string or an integer of 64 bits.
  const isMoved = mode === 'nearest';
  const [from, coordinates] = [isMoved ? [] : toDoubles(call, x), call.asNumbers(grid)];
  const [size, positions, rank] = [elementCount(spatial), elementCount(output), spatial.length];
  const strides = stridesOf(spatial);
  const dims = [batch, channels, ...output];
  const to = new Float64Array(call.reserve(dims));
  for (let row = 0; row < batch * positions; row++) {
    let taps: [number, number][] = [[0, 1]];
    for (let axis = 0; axis < rank; axis++) {
      const g = coordinates[row * rank + (rank - 1 - axis)]!;
      const length = spatial[axis]!;
      const raw = corners ? ((g + 1) / 2) * (length - 1) : ((g + 1) * length - 1) / 2;
      const at = resolveCoordinate(mode === 'nearest' ? roundHalfEven(raw) : raw, length, padding, corners);
      taps = taps.flatMap(([offset, weight]) =>
        interpolation(mode, at).map(([index, share]): [number, number] => {
          const place = pixel(index, length, padding, corners);
          return [offset < 0 || place < 0 ? -1 : offset + place * strides[axis]!, weight * share];
        }),
      );
    }
    const [n, position] = [Math.floor(row / positions), row % positions];
    for (let c = 0; c < channels; c++) {
      const start = (n * channels + c) * size;
      let sum = 0;
      for (const [offset, weight] of taps) if (offset >= 0) sum += weight * from[start + offset]!;
      const [nearest] = taps[0]!;
      to[(n * channels + c) * positions + position] = isMoved ? (nearest < 0 ? -1 : start + nearest) : sum;
    }
  }
  return isMoved ? take(call, x, dims, to) : call.result(x.dtype, dims, to);
}

/** Sampling grid of an affine map theta [n, rank, rank + 1] for an output of `size`. */
function affineGrid(call: KernelCall): EvalTensor {
  const [theta, size] = [call.tensor(0), call.integers(1)];
  const [batch = 0, ...spatial] = [size[0]!, ...size.slice(2)];
  const rank = spatial.length;
  const corners = call.node.int('align_corners', 0) === 1;
  const maps = call.asNumbers(theta);
  const strides = stridesOf(spatial);
  const positions = elementCount(spatial);
  const values = new Float64Array(call.reserve([batch, positions, rank]));
  const place = (i: number, length: number) => {
    if (!corners) return (2 * i + 1) / length - 1;
    return length === 1 ? -1 : (2 * i) / (length - 1) - 1;
  };
  for (let row = 0; row < batch * positions; row++) {
    // The last axis comes first in coordinates; 1 stands for the translation.
    const point = spatial
      .map((length, axis) => place(Math.floor((row % positions) / strides[axis]!) % length, length))
      .reverse();
    point.push(1);
    for (let r = 0; r < rank; r++) {
      const start = (Math.floor(row / positions) * rank + r) * (rank + 1);
      values[row * rank + r] = point.reduce((sum, p, k) => sum + p * maps[start + k]!, 0);
    }
  }
  return call.result(theta.dtype, [batch, ...spatial, rank], values);
}

/** The four weighted neighbours of a point, nothing further than one pixel outside. */
function neighbours(y: number, x: number, height: number, width: number): [number, number][] {
  if (y < -1 || y > height || x < -1 || x > width) return [];
  const split = (v: number, size: number): [number, number, number] => {
    const at = Math.max(0, v);
    const low = Math.min(size - 1, Math.floor(at));
    return [low, Math.min(size - 1, low + 1), low >= size - 1 ? 0 : at - low];
  };
  const [y0, y1, fy] = split(y, height);
  const [x0, x1, fx] = split(x, width);
  return [
    [y0 * width + x0, (1 - fy) * (1 - fx)],
    [y0 * width + x1, (1 - fy) * fx],
    [y1 * width + x0, fy * (1 - fx)],
    [y1 * width + x1, fy * fx],
  ];
}

/** Pools regions [r, 4] (x1, y1, x2, y2) of x [n, c, h, w] to a fixed size from bilinear samples. Source: He et al. 2017, Mask R-CNN, 3. */
function roiAlign(call: KernelCall): EvalTensor {
  const { node } = call;
  const [x, rois, items] = [call.tensor(0), call.numbers(1), call.integers(2)];
  const [, channels = 0, height = 0, width = 0] = x.dims;
  const [rows, columns] = [node.int('output_height', 1), node.int('output_width', 1)];
  const [ratio, scale] = [node.int('sampling_ratio', 0), node.float('spatial_scale', 1)];
  const half = call.opset >= 16 && node.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const max = node.string('mode', 'avg') === 'max';
  const from = call.asNumbers(x);
  const target = call.allocate(x.dtype, [items.length, channels, rows, columns]);
  const to = target.data as NumberData;
  items.forEach((item, r) => {
    const [left, top, right, bottom] = [0, 1, 2, 3].map((i) => rois[r * 4 + i]! * scale - (half ? 0.5 : 0)) as [
      number,
      number,
      number,
      number,
    ];
    // Without half_pixel a region is at least one pixel.
    const size = (v: number) => (half ? v : Math.max(v, 1));
    const [binHeight, binWidth] = [size(bottom - top) / rows, size(right - left) / columns];
    const [ny, nx] = [ratio || Math.ceil(binHeight), ratio || Math.ceil(binWidth)];
    call.reserve([rows, columns, Math.max(0, ny), Math.max(0, nx)]);
    for (let bin = 0; bin < rows * columns; bin++) {
      const [by, bx] = [Math.floor(bin / columns), bin % columns];
      const points = Array.from({ length: ny * nx }, (_, s) =>
        neighbours(
          top + by * binHeight + ((Math.floor(s / nx) + 0.5) * binHeight) / ny,
          left + bx * binWidth + (((s % nx) + 0.5) * binWidth) / nx,
          height,
          width,
        ),
      );
      for (let c = 0; c < channels; c++) {
        const base = (item * channels + c) * height * width;
        // A point outside the image counts as 0.
        const terms = points.flatMap((taps) =>
          taps.length === 0 ? [0] : taps.map(([offset, weight]) => weight * from[base + offset]!),
        );
        const total = terms.reduce((sum, term) => sum + term, 0);
        const most = terms.length === 0 ? 0 : Math.max(...terms);
        // The standard's maximum is over weighted neighbours, not over samples.
        to[(r * channels + c) * rows * columns + bin] = max ? most : total / Math.max(1, ny * nx);
      }
    }
  });
  return target;
}

export const sampling: readonly Kernel[] = [
  defineKernel({ op: 'GridSample', run: (call) => [gridSample(call)] }),
  defineKernel({ op: 'AffineGrid', run: (call) => [affineGrid(call)] }),
  defineKernel({ op: 'RoiAlign', run: (call) => [roiAlign(call)] }),
];
