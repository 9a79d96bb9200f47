import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { permute, reshape, stridesOf, take, viewOffsets } from '../strided.js';

function transpose(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const order = call.node.ints('perm', x.dims.map((_, axis) => axis).reverse());
  return permute(
    call,
    x,
    order.map((axis) => call.axis(axis, x.dims.length)),
  );
}

/** Joins tensors of one dtype along `axis`. */
export function concat(call: KernelCall, parts: readonly EvalTensor[], axis: number): EvalTensor {
  const [first] = parts;
  if (!first) call.fail('ERR_EVAL_INPUT', 'inputs', 'at least one', 'none');
  const dims = [...first.dims];
  dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis]!, 0);
  for (const part of parts) {
    const fits = part.dims.length === dims.length && part.dims.every((dim, i) => i === axis || dim === dims[i]);
    if (!fits || part.dtype !== first.dtype) {
      call.fail(
        'ERR_EVAL_SHAPE',
        'inputs',
        `${first.dtype}[${first.dims.join(',')}] but for axis ${axis}`,
        `${part.dtype}[${part.dims.join(',')}]`,
      );
    }
  }
  const target = call.allocate(first.dtype, dims);
  const to = target.data as unknown as Record<number, number>;
  const strides = stridesOf(dims);
  let start = 0;
  for (const part of parts) {
    const from = part.data as unknown as Record<number, number>;
    viewOffsets(part.dims, strides, start).forEach((offset, i) => (to[offset] = from[i]!));
    start += part.dims[axis]! * strides[axis]!;
  }
  return target;
}

/** The part [start, start + size) along `axis`. */
export function section(call: KernelCall, x: EvalTensor, axis: number, start: number, size: number): EvalTensor {
  const strides = stridesOf(x.dims);
  const dims = x.dims.map((dim, i) => (i === axis ? size : dim));
  return take(call, x, dims, viewOffsets(dims, strides, start * strides[axis]!));
}

/** Sizes: an attribute before opset 13, an input since; without them equal parts (the last may be smaller since 18). */
export function splitSizes(call: KernelCall, length: number): readonly number[] {
  const given = call.opset < 13 ? call.node.ints('split', undefined) : call.optionalIntegers(1);
  if (given) return given;
  const parts = call.node.int('num_outputs', call.node.outputs.length);
  const size = Math.ceil(length / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(size, length - i * size)));
}

function split(call: KernelCall): EvalTensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', 0), x.dims.length);
  const sizes = splitSizes(call, x.dims[axis]!);
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.dims[axis]) {
    call.fail('ERR_EVAL_SHAPE', 'split', `sizes that add up to ${x.dims[axis]}`, sizes.join('+'));
  }
  let start = 0;
  return sizes.map((size) => {
    const part = section(call, x, axis, start, size);
    start += size;
    return part;
  });
}

/** Integers of any size, clamped into the range a slice can mean (INT64_MAX and INT64_MIN are "to the end"). */
function clamped(call: KernelCall, index: number): number[] | undefined {
  if (!call.inputs[index]) return undefined;
  const far = 2 ** 52;
  return Array.from(call.tensor(index).data as ArrayLike<number | bigint>, (v) =>
    Math.max(-far, Math.min(far, Number(v))),
  );
}

/** Start, count and step along one axis, numpy's rules. */
export function sliceRange(size: number, start: number, end: number, step: number): { first: number; count: number } {
  if (size === 0) return { first: 0, count: 0 };
  const bound = (at: number, low: number, high: number) => Math.max(low, Math.min(high, at < 0 ? at + size : at));
  const first = step > 0 ? bound(start, 0, size) : bound(start, 0, size - 1);
  const last = step > 0 ? bound(end, 0, size) : bound(end, -1, size - 1);
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

function slice(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const legacy = call.opset < 10;
  const starts = (legacy ? call.node.bounds('starts') : clamped(call, 1)) ?? [];
  const ends = (legacy ? call.node.bounds('ends') : clamped(call, 2)) ?? [];
  const axes = (legacy ? call.node.ints('axes', undefined) : clamped(call, 3)) ?? starts.map((_, i) => i);
  const steps = (legacy ? undefined : clamped(call, 4)) ?? starts.map(() => 1);
  const own = stridesOf(x.dims);
  const dims = [...x.dims];
  const strides = [...own];
  let offset = 0;
  axes.forEach((given, i) => {
    const axis = call.axis(given, x.dims.length);
    const step = steps[i]!;
    if (step === 0) call.fail('ERR_EVAL_VALUE', 'steps', 'integers other than 0', '0');
    const { first, count } = sliceRange(x.dims[axis]!, starts[i]!, ends[i]!, step);
    dims[axis] = count;
    offset += first * own[axis]!;
    strides[axis] = own[axis]! * step;
  });
  return take(call, x, dims, viewOffsets(dims, strides, offset));
}

/** Where position `at` of a padded axis reads its input: an index, or -1 for the fill value. */
function padSource(at: number, size: number, mode: string): number {
  if (at >= 0 && at < size) return at;
  if (mode === 'constant' || size === 0) return -1;
  if (mode === 'edge') return at < 0 ? 0 : size - 1;
  if (mode === 'wrap') return ((at % size) + size) % size;
  // reflect: the edge itself is not repeated, so the pattern has period 2(size - 1).
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const place = ((at % period) + period) % period;
  return place < size ? place : period - place;
}

/** Pads (or with negative counts crops) `x`; `pads` holds all begins, then all ends. */
export function padTensor(
  call: KernelCall,
  x: EvalTensor,
  pads: readonly number[],
  mode: string,
  fill?: EvalTensor,
): EvalTensor {
  const rank = x.dims.length;
  const dims = x.dims.map((dim, axis) => dim + pads[axis]! + pads[axis + rank]!);
  const length = call.reserve(dims);
  const strides = stridesOf(x.dims);
  const targetStrides = stridesOf(dims);
  const sources = x.dims.map((size, axis) =>
    Array.from({ length: dims[axis]! }, (_, at) => padSource(at - pads[axis]!, size, mode)),
  );
  const offsets = new Int32Array(length);
  for (let i = 0; i < offsets.length; i++) {
    let offset = 0;
    for (let axis = 0; axis < rank && offset >= 0; axis++) {
      const source = sources[axis]![Math.floor(i / targetStrides[axis]!) % dims[axis]!]!;
      offset = source < 0 ? -1 : offset + source * strides[axis]!;
    }
    offsets[i] = offset;
  }
  return take(call, x, dims, offsets, fill);
}

function pad(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const rank = x.dims.length;
  const mode = call.node.string('mode', 'constant');
  if (call.opset < 11) {
    const fill = call.result(x.dtype, [1], [call.node.float('value', 0)]);
    return padTensor(call, x, call.node.ints('pads', []), mode, fill);
  }
  const given = call.integers(1);
  const axes = call.optionalIntegers(3)?.map((axis) => call.axis(axis, rank)) ?? x.dims.map((_, axis) => axis);
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  return padTensor(call, x, pads, mode, call.optional(2));
}

function tile(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const repeats = call.integers(1);
  const own = stridesOf(x.dims);
  // Each axis becomes (repeat, dim) with stride 0 for the repeat.
  const dims = x.dims.flatMap((dim, axis) => [repeats[axis]!, dim]);
  call.reserve(dims);
  const view = take(
    call,
    x,
    dims,
    viewOffsets(
      dims,
      own.flatMap((stride) => [0, stride]),
    ),
  );
  return reshape(
    view,
    x.dims.map((dim, axis) => dim * repeats[axis]!),
  );
}

/** DepthToSpace: depth column first (DCR) or column-row first (CRD). */
function depthToSpace(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const b = call.node.int('blocksize', 1);
  const [n = 0, c = 0, h = 0, w = 0] = x.dims;
  const crd = call.node.string('mode', 'DCR') === 'CRD';
  const split = reshape(x, crd ? [n, c / (b * b), b, b, h, w] : [n, b, b, c / (b * b), h, w]);
  return reshape(permute(call, split, crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [n, c / (b * b), h * b, w * b]);
}

function spaceToDepth(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const b = call.node.int('blocksize', 1);
  const [n = 0, c = 0, h = 0, w = 0] = x.dims;
  const crd = call.node.string('mode', 'DCR') === 'CRD';
  const split = reshape(x, [n, c, h / b, b, w / b, b]);
  return reshape(permute(call, split, crd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b]);
}

/** The upper or lower triangle of the last two axes. */
function trilu(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const upper = call.node.int('upper', 1) === 1;
  const shift = call.optionalIntegers(1)?.[0] ?? 0;
  const [rows = 1, columns = 1] = x.dims.slice(-2);
  const offsets = Int32Array.from({ length: elementCount(x.dims) }, (_, i) => {
    const [row, column] = [Math.floor(i / columns) % rows, i % columns];
    const kept = upper ? column - row >= shift : column - row <= shift;
    return kept ? i : -1;
  });
  return take(call, x, x.dims, offsets);
}

/** Crops or pads the middle of some axes to given sizes. */
function centerCropPad(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const rank = x.dims.length;
  const sizes = call.integers(1);
  const axes = call.node
    .ints(
      'axes',
      x.dims.map((_, axis) => axis),
    )
    .map((axis) => call.axis(axis, rank));
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    const difference = sizes[i]! - x.dims[axis]!;
    const before = difference >= 0 ? Math.floor(difference / 2) : -Math.floor(-difference / 2);
    pads[axis] = before;
    pads[axis + rank] = difference - before;
  });
  return padTensor(call, x, pads, 'constant');
}

export const movement: readonly Kernel[] = [
  defineKernel({ op: 'Transpose', run: (call) => [transpose(call)] }),
  defineKernel({
    op: 'Concat',
    run: (call) => {
      const parts = call.tensors();
      return [concat(call, parts, call.axis(call.node.int('axis', 1), parts[0]?.dims.length ?? 0))];
    },
  }),
  defineKernel({ op: 'Split', run: split }),
  defineKernel({ op: 'Slice', run: (call) => [slice(call)] }),
  defineKernel({ op: 'Pad', run: (call) => [pad(call)] }),
  defineKernel({ op: 'Tile', run: (call) => [tile(call)] }),
  defineKernel({ op: 'DepthToSpace', run: (call) => [depthToSpace(call)] }),
  defineKernel({ op: 'SpaceToDepth', run: (call) => [spaceToDepth(call)] }),
  defineKernel({ op: 'Trilu', run: (call) => [trilu(call)] }),
  defineKernel({ op: 'CenterCropPad', run: (call) => [centerCropPad(call)] }),
];
