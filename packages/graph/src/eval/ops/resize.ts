import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { toDoubles } from '../elementwise.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf, take } from '../strided.js';

/** One resized axis. */
interface AxisPlan {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Region of interest, in [0, 1] of the input (tf_crop_and_resize). */
  readonly roi: readonly [number, number];
}

/** Where output position `at` lies on the input axis. */
function coordinate(mode: string, plan: AxisPlan, at: number): number {
  const { from, to, scale, roi } = plan;
  switch (mode) {
    case 'asymmetric':
      return at / scale;
    case 'align_corners':
      // The standard means the unrounded length here: with scales it may have a fraction.
      return to === 1 ? 0 : (at * (from - 1)) / (scale * from - 1);
    case 'pytorch_half_pixel':
      return to > 1 ? (at + 0.5) / scale - 0.5 : 0;
    case 'half_pixel_symmetric': {
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (at + 0.5) / scale - 0.5;
    }
    case 'tf_half_pixel_for_nn':
      return (at + 0.5) / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      if (to === 1) return 0.5 * (start + end) * (from - 1);
      return start * (from - 1) + (at * (end - start) * (from - 1)) / (to - 1);
    }
    default:
      return (at + 0.5) / scale - 0.5;
  }
}

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** A weighted tap on the input axis. */
interface Tap {
  readonly at: number;
  readonly weight: number;
}

const triangle = (x: number) => Math.max(0, 1 - Math.abs(x));

/** Keys' cubic. Source: Keys 1981, eq. 4, with `a` for its -1/2. */
export const cubic = (a: number) => (x: number) => {
  const d = Math.abs(x);
  if (d < 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
};

/** The taps of an interpolating kernel of the given radius around `x`; with antialias it is stretched when shrinking. */
function taps(call: KernelCall, plan: AxisPlan, x: number, radius: number, kernel: (x: number) => number): Tap[] {
  const antialias = call.node.int('antialias', 0) === 1;
  const exclude = call.node.int('exclude_outside', 0) === 1;
  const stretch = antialias ? Math.min(1, plan.scale) : 1;
  const first = Math.floor(x - radius / stretch) + 1;
  const last = Math.ceil(x + radius / stretch) - 1;
  const found: Tap[] = [];
  for (let at = first; at <= Math.max(first, last); at++) {
    const inside = at >= 0 && at < plan.from;
    if (exclude && !inside) continue;
    found.push({ at: Math.max(0, Math.min(plan.from - 1, at)), weight: kernel((at - x) * stretch) });
  }
  const total = found.reduce((sum, tap) => sum + tap.weight, 0);
  return found.map((tap) => ({ ...tap, weight: tap.weight / total }));
}

/** Before opset 11 the text leaves it open; runtimes take the pixel before when enlarging, the one after when shrinking. */
function nearestRounding(call: KernelCall, scale: number): (x: number) => number {
  if (call.opset < 11) return scale < 1 ? Math.ceil : Math.floor;
  const mode = call.node.string('nearest_mode', 'round_prefer_floor');
  const choose = Object.hasOwn(NEAREST, mode) ? NEAREST[mode] : undefined;
  return choose ?? call.fail('ERR_EVAL_OP', 'nearest_mode', Object.keys(NEAREST).join(', '), mode);
}

function tapsOf(call: KernelCall, plan: AxisPlan, at: number, mode: string): Tap[] | undefined {
  const transform = call.node.string('coordinate_transformation_mode', call.opset < 11 ? 'asymmetric' : 'half_pixel');
  const x = coordinate(transform, plan, at);
  if (transform === 'tf_crop_and_resize' && (x < 0 || x > plan.from - 1)) return undefined;
  if (mode === 'nearest') {
    const round = nearestRounding(call, plan.scale);
    return [{ at: Math.max(0, Math.min(plan.from - 1, round(x))), weight: 1 }];
  }
  if (mode === 'cubic') return taps(call, plan, x, 2, cubic(call.node.float('cubic_coeff_a', -0.75)));
  return taps(call, plan, x, 1, triangle);
}

/** Resizes one axis at a time, in double. `outside` marks results that read beyond the input (filled by the extrapolation value). */
function resizeAxes(call: KernelCall, x: EvalTensor, plans: readonly AxisPlan[], mode: string): EvalTensor {
  let data: ArrayLike<number> = toDoubles(call, x);
  const dims = [...x.dims];
  const extrapolation = call.node.float('extrapolation_value', 0);
  for (const plan of plans) {
    const [outer, inner] = [elementCount(dims.slice(0, plan.axis)), elementCount(dims.slice(plan.axis + 1))];
    const result = new Float64Array(call.reserve([outer, plan.to, inner]));
    for (let at = 0; at < plan.to; at++) {
      const chosen = tapsOf(call, plan, at, mode);
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let sum = chosen ? 0 : extrapolation;
          for (const tap of chosen ?? []) sum += tap.weight * data[(o * plan.from + tap.at) * inner + i]!;
          result[(o * plan.to + at) * inner + i] = sum;
        }
      }
    }
    data = result;
    dims[plan.axis] = plan.to;
  }
  return call.result(x.dtype, dims, data);
}

/** Nearest neighbours, moved as they are: exact for 64-bit integers too. */
function moveNearest(call: KernelCall, x: EvalTensor, plans: readonly AxisPlan[]): EvalTensor {
  const strides = stridesOf(x.dims);
  const dims = [...x.dims];
  // Per axis the source offset of each place; -1 reads beyond the input.
  const sources = x.dims.map((dim, axis) => Array.from({ length: dim }, (_, at) => at * strides[axis]!));
  for (const plan of plans) {
    dims[plan.axis] = plan.to;
    sources[plan.axis] = Array.from({ length: plan.to }, (_, at) => {
      const tap = tapsOf(call, plan, at, 'nearest')?.[0];
      return tap ? tap.at * strides[plan.axis]! : -1;
    });
  }
  const length = call.reserve(dims);
  const steps = stridesOf(dims);
  const offsets = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    let offset = 0;
    for (let axis = 0; axis < dims.length && offset >= 0; axis++) {
      const source = sources[axis]![Math.floor(i / steps[axis]!) % dims[axis]!]!;
      offset = source < 0 ? -1 : offset + source;
    }
    offsets[i] = offset;
  }
  const extrapolation = call.node.float('extrapolation_value', 0);
  return take(call, x, dims, offsets, offsets.includes(-1) ? call.result(x.dtype, [1], [extrapolation]) : undefined);
}

/** floor(size * scale) in float32, as inference has it: 5 * 1.4 is 7, though the float nearest to 1.4 lies below it. */
const scaledSize = (size: number, scale: number): number => Math.floor(Math.fround(size * Math.fround(scale)));

/** The axes to resize, from sizes or scales. */
function plansOf(call: KernelCall, x: EvalTensor): AxisPlan[] {
  const legacy = call.opset < 11;
  const axes = call.node
    .ints(
      'axes',
      x.dims.map((_, axis) => axis),
    )
    .map((axis) => call.axis(axis, x.dims.length));
  const roi = legacy ? undefined : call.optional(1);
  const scalesInput = legacy ? call.tensor(1) : call.optional(2);
  const scales = scalesInput && scalesInput.data.length > 0 ? call.asNumbers(scalesInput) : undefined;
  const sizes = legacy ? undefined : call.optionalIntegers(3);
  if (!scales && !sizes) call.fail('ERR_EVAL_INPUT', 'scales, sizes', 'one of them', 'none');
  const fitted = sizes && keepAspect(call, x, axes, sizes);
  const regions = roi && roi.data.length > 0 ? call.asNumbers(roi) : undefined;
  return axes.map((axis, i) => {
    const from = x.dims[axis]!;
    const to = scales ? scaledSize(from, scales[i]!) : fitted![i]!.size;
    const region = [regions?.[i] ?? 0, regions?.[i + axes.length] ?? 1] as const;
    return { axis, from, to, scale: scales ? scales[i]! : fitted![i]!.scale, roi: region };
  });
}

/** keep_aspect_ratio_policy: one scale for all axes, the smallest (not_larger) or largest (not_smaller). */
function keepAspect(call: KernelCall, x: EvalTensor, axes: readonly number[], sizes: readonly number[]) {
  const policy = call.node.string('keep_aspect_ratio_policy', 'stretch');
  const scales = sizes.map((size, i) => size / x.dims[axes[i]!]!);
  if (policy === 'stretch') return sizes.map((size, i) => ({ size, scale: scales[i]! }));
  const scale = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  return axes.map((axis) => ({ size: Math.floor(scale * x.dims[axis]! + 0.5), scale }));
}

function resize(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const mode = call.node.string('mode', 'nearest');
  const plans = plansOf(call, x).filter(({ from, to, roi }) => from !== to || roi[0] !== 0 || roi[1] !== 1);
  return mode === 'nearest' ? moveNearest(call, x, plans) : resizeAxes(call, x, plans, mode);
}

/** Upsample (before opset 10): scales are an attribute, then an input; coordinates are asymmetric. */
function upsample(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const scales = call.inputs[1] ? Array.from(call.numbers(1)) : call.node.floats('scales', []);
  const plans = scales.map((scale, axis): AxisPlan => {
    const from = x.dims[axis]!;
    return { axis, from, to: scaledSize(from, scale), scale, roi: [0, 1] };
  });
  const [changed, mode] = [plans.filter(({ from, to }) => from !== to), call.node.string('mode', 'nearest')];
  return mode === 'nearest' ? moveNearest(call, x, changed) : resizeAxes(call, x, changed, mode);
}

export const resizing: readonly Kernel[] = [
  defineKernel({ op: 'Resize', run: (call) => [resize(call)] }),
  defineKernel({ op: 'Upsample', run: (call) => [upsample(call)] }),
];
