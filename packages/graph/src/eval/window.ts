import { elementCount } from '../ir/tensor.js';
import type { KernelCall } from './kernel.js';
import { stridesOf } from './strided.js';

/** A window that slides over spatial axes (convolution, pooling). Per spatial axis: */
export interface Window {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
}

/** Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode; `kernel` overrides kernel_shape when it is absent. */
export function windowOf(call: KernelCall, input: readonly number[], kernel?: readonly number[]): Window {
  const { node } = call;
  const rank = input.length;
  const shape = node.ints('kernel_shape', kernel ?? []);
  if (shape.length !== rank) call.fail('ERR_EVAL_SHAPE', 'kernel_shape', `${rank} axes`, `[${shape.join(',')}]`);
  const strides = node.ints(
    'strides',
    input.map(() => 1),
  );
  const dilations = node.ints(
    'dilations',
    input.map(() => 1),
  );
  const ceil = node.int('ceil_mode', 0) === 1;
  const auto = node.string('auto_pad', 'NOTSET');
  const pads = node.ints('pads', new Array<number>(2 * rank).fill(0));
  const padsBegin: number[] = [];
  const padsEnd: number[] = [];
  const output = input.map((size, axis) => {
    const extent = (shape[axis]! - 1) * dilations[axis]! + 1;
    const stride = strides[axis]!;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const out = Math.ceil(size / stride);
      const total = Math.max(0, (out - 1) * stride + extent - size);
      const half = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      padsBegin.push(half);
      padsEnd.push(total - half);
      return out;
    }
    padsBegin.push(auto === 'VALID' ? 0 : pads[axis]!);
    padsEnd.push(auto === 'VALID' ? 0 : pads[axis + rank]!);
    const span = size + padsBegin[axis]! + padsEnd[axis]! - extent;
    const out = (ceil ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
    // A last window that would start in the padding after the input is dropped.
    const outside = ceil && (out - 1) * stride >= size + padsBegin[axis]!;
    return Math.max(0, outside ? out - 1 : out);
  });
  return { input, output, kernel: shape, strides, dilations, padsBegin, padsEnd };
}

/**
 * Visits every output position in row-major order with the offsets (in elements of one channel) of the window's taps; -1 marks a tap
 * in the padding. The array is reused.
 */
export function forEachWindow(window: Window, visit: (position: number, offsets: Int32Array) => void): void {
  const { input, output, kernel, strides, dilations, padsBegin } = window;
  const rank = input.length;
  const inputStrides = stridesOf(input);
  const taps = elementCount(kernel);
  const positions = elementCount(output);
  const offsets = new Int32Array(taps);
  const at = new Array<number>(rank).fill(0);
  const tap = new Array<number>(rank).fill(0);
  for (let position = 0; position < positions; position++) {
    tap.fill(0);
    for (let t = 0; t < taps; t++) {
      let offset = 0;
      for (let axis = 0; axis < rank; axis++) {
        const place = at[axis]! * strides[axis]! - padsBegin[axis]! + tap[axis]! * dilations[axis]!;
        if (place < 0 || place >= input[axis]!) {
          offset = -1;
          break;
        }
        offset += place * inputStrides[axis]!;
      }
      offsets[t] = offset;
      step(tap, kernel);
    }
    visit(position, offsets);
    step(at, output);
  }
}

/** Counts `index` up by one, the last axis first. */
function step(index: number[], dims: readonly number[]): void {
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    index[axis]!++;
    if (index[axis]! < dims[axis]!) return;
    index[axis] = 0;
  }
}

/** The window of a transposed convolution: a convolution's, with input and output exchanged. */
export function transposedWindowOf(
  call: KernelCall,
  input: readonly number[],
  kernel: readonly number[],
  givenPads?: readonly number[],
): Window {
  const { node } = call;
  const rank = input.length;
  const strides = node.ints(
    'strides',
    input.map(() => 1),
  );
  const dilations = node.ints(
    'dilations',
    input.map(() => 1),
  );
  const extra = node.ints(
    'output_padding',
    input.map(() => 0),
  );
  const pads = givenPads ?? node.ints('pads', new Array<number>(2 * rank).fill(0));
  const wanted = node.ints('output_shape', undefined);
  const auto = node.string('auto_pad', 'NOTSET');
  const padsBegin: number[] = [];
  const padsEnd: number[] = [];
  const output = input.map((size, axis) => {
    const full = strides[axis]! * (size - 1) + extra[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1;
    const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
    const target = wanted ? wanted.at(axis - rank)! : same ? size * strides[axis]! : undefined;
    if (target === undefined) {
      padsBegin.push(auto === 'VALID' ? 0 : pads[axis]!);
      padsEnd.push(auto === 'VALID' ? 0 : pads[axis + rank]!);
      return full - padsBegin[axis]! - padsEnd[axis]!;
    }
    // Pads are not negative: a larger output ends in zeros.
    const total = Math.max(0, full - target);
    // The standard: SAME_UPPER puts the odd one at the end, everything else at the beginning.
    const half = auto === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
    padsBegin.push(half);
    padsEnd.push(total - half);
    return target;
  });
  return { input: output, output: input, kernel, strides, dilations, padsBegin, padsEnd };
}
