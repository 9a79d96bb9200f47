import { elementCount } from '../../ir/tensor.js';
import { type EvalTensor, type NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { forEachWindow, transposedWindowOf, windowOf } from '../window.js';

/** The operands of a convolution as numbers: x [n, c, spatial..], w [outputs, c / groups, kernel..]. */
export interface Convolution {
  readonly x: { readonly dims: readonly number[]; readonly data: NumberData };
  readonly w: { readonly dims: readonly number[]; readonly data: NumberData };
  /** Added to each output channel before `store`. */
  readonly bias?: NumberData | undefined;
}

/**
 * Convolves and hands every sum (exact products, accumulated in double) to `store(flat index, sum, output channel)`. Returns the
 * result's dims.
 */
export function convolve(
  call: KernelCall,
  { x, w, bias }: Convolution,
  allocate: (dims: readonly number[]) => (index: number, sum: number, channel: number) => void,
): void {
  const groups = call.node.int('group', 1);
  const [batch = 0, channels = 0, ...spatial] = x.dims;
  const [outputs = 0, perGroup = 0, ...kernel] = w.dims;
  if (perGroup * groups !== channels || outputs % groups !== 0) {
    call.fail('ERR_EVAL_SHAPE', 'weight', `[g*m, ${channels}/g, ..] with g = ${groups}`, `[${w.dims.join(',')}]`);
  }
  const window = windowOf(call, spatial, kernel);
  const [size, taps, positions] = [elementCount(spatial), elementCount(kernel), elementCount(window.output)];
  call.charge(batch * outputs * perGroup * taps * positions);
  const store = allocate([batch, outputs, ...window.output]);
  const patch = new Float64Array(perGroup * taps);
  const outputsPerGroup = outputs / groups;
  forEachWindow(window, (position, offsets) => {
    for (let n = 0; n < batch; n++) {
      for (let g = 0; g < groups; g++) {
        gather(x.data, (n * channels + g * perGroup) * size, size, offsets, patch);
        for (let m = g * outputsPerGroup; m < (g + 1) * outputsPerGroup; m++) {
          const sum = dot(w.data, m * patch.length, patch) + (bias ? bias[m]! : 0);
          store((n * outputs + m) * positions + position, sum, m);
        }
      }
    }
  });
}

/** The window's elements of all channels of a group, channel by channel; 0 in the padding. */
function gather(data: NumberData, start: number, channelSize: number, offsets: Int32Array, patch: Float64Array): void {
  const taps = offsets.length;
  for (let at = 0, base = start; at < patch.length; base += channelSize) {
    for (let t = 0; t < taps; t++, at++) patch[at] = offsets[t]! < 0 ? 0 : data[base + offsets[t]!]!;
  }
}

function dot(weights: NumberData, start: number, patch: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < patch.length; i++) sum += weights[start + i]! * patch[i]!;
  return sum;
}

/** Conv of inputs 0 and 1 with the bias of input 2. */
export function conv(call: KernelCall): EvalTensor {
  const [x, w, bias] = [call.tensor(0), call.tensor(1), call.optional(2)];
  let target: EvalTensor | undefined;
  convolve(
    call,
    {
      x: { dims: x.dims, data: call.asNumbers(x) },
      w: { dims: w.dims, data: call.asNumbers(w) },
      bias: bias && call.asNumbers(bias),
    },
    (dims) => {
      target = call.allocate(x.dtype, dims);
      const to = target.data as NumberData;
      return (index, sum) => (to[index] = sum);
    },
  );
  return target!;
}

/**
 * ConvTranspose: every input element adds its multiple of the kernel [c, m / groups, kernel..] to the output. `pads` stand for the
 * attribute.
 */
export function convTranspose(
  call: KernelCall,
  pads: readonly number[] | undefined,
  bias: EvalTensor | undefined,
): EvalTensor {
  const [x, w] = [call.tensor(0), call.tensor(1)];
  const groups = call.node.int('group', 1);
  const [batch = 0, channels = 0, ...spatial] = x.dims;
  const [, perGroup = 0, ...kernel] = w.dims;
  const window = transposedWindowOf(call, spatial, kernel, pads);
  const outputs = perGroup * groups;
  const [size, taps, outSize] = [elementCount(spatial), elementCount(kernel), elementCount(window.input)];
  call.charge(batch * channels * perGroup * taps * size);
  const target = call.allocate(x.dtype, [batch, outputs, ...window.input]);
  const [from, weights] = [call.asNumbers(x), call.asNumbers(w)];
  const addend = bias && call.asNumbers(bias);
  const sums = new Float64Array(target.data.length);
  if (addend) for (let i = 0; i < sums.length; i++) sums[i] = addend[Math.floor(i / outSize) % outputs]!;
  const channelsPerGroup = channels / groups;
  forEachWindow(window, (position, offsets) => {
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const value = from[(n * channels + c) * size + position]!;
        const first = n * outputs + Math.floor(c / channelsPerGroup) * perGroup;
        for (let m = 0; m < perGroup; m++) {
          const [base, row] = [(first + m) * outSize, (c * perGroup + m) * taps];
          for (let t = 0; t < taps; t++) if (offsets[t]! >= 0) sums[base + offsets[t]!]! += value * weights[row + t]!;
        }
      }
    }
  });
  (target.data as NumberData).set(sums);
  return target;
}

export const convolution: readonly Kernel[] = [
  defineKernel({ op: 'Conv', run: (call) => [conv(call)] }),
  defineKernel({ op: 'ConvTranspose', run: (call) => [convTranspose(call, undefined, call.optional(2))] }),
];
