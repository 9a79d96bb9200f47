import type { EvalTensor, NumberData } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { dtypeAttribute } from './cast.js';

/** One-dimensional transform of complex rows by the definition: O(n^2). */
function transform(
  re: Float64Array,
  im: Float64Array,
  bins: number,
  inverse: boolean,
): { re: Float64Array; im: Float64Array } {
  const n = re.length;
  const out = { re: new Float64Array(bins), im: new Float64Array(bins) };
  const sign = inverse ? 1 : -1;
  for (let k = 0; k < bins; k++) {
    let [sumRe, sumIm] = [0, 0];
    for (let t = 0; t < n; t++) {
      // k t mod n keeps the angle small, hence exact.
      const angle = (sign * 2 * Math.PI * ((k * t) % n)) / n;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      sumRe += re[t]! * cos - im[t]! * sin;
      sumIm += re[t]! * sin + im[t]! * cos;
    }
    out.re[k] = inverse ? sumRe / n : sumRe;
    out.im[k] = inverse ? sumIm / n : sumIm;
  }
  return out;
}

/** DFT of [.., length, .., 1 or 2]; onesided: input real gives length / 2 + 1 bins; since opset 20 the inverse onesided is real. */
function dft(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const rank = x.dims.length;
  const axisGiven = call.opset < 20 ? call.node.int('axis', 1) : (call.optionalIntegers(2)?.[0] ?? -2);
  const axis = call.axis(axisGiven, rank);
  const inverse = call.node.int('inverse', 0) === 1;
  const onesided = call.node.int('onesided', 0) === 1;
  const parts = x.dims[rank - 1]!;
  const real = inverse && onesided;
  const given = x.dims[axis]!;
  const length = call.optionalIntegers(1)?.[0] ?? (real ? 2 * (given - 1) : given);
  const bins = onesided && !inverse ? Math.floor(length / 2) + 1 : length;
  const dims = x.dims.map((dim, i) => (i === axis ? bins : i === rank - 1 ? (real ? 1 : 2) : dim));
  const target = call.allocate(x.dtype, dims);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  const inner = elementCount(x.dims.slice(axis + 1, -1));
  const outer = elementCount(x.dims.slice(0, axis));
  call.charge(outer * inner * length * bins);
  const width = dims[rank - 1]!;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const { re, im } = readRow(from, (t) => ((o * given + t) * inner + i) * parts, given, length, parts, real);
      const out = transform(re, im, bins, inverse);
      for (let k = 0; k < bins; k++) {
        const at = ((o * bins + k) * inner + i) * width;
        to[at] = out.re[k]!;
        if (width === 2) to[at + 1] = out.im[k]!;
      }
    }
  }
  return target;
}

/** A row cut or padded with zeros to `length`; for a real inverse the missing half is the conjugate of the given one. */
function readRow(
  data: NumberData,
  at: (t: number) => number,
  given: number,
  length: number,
  parts: number,
  mirrored: boolean,
) {
  const [re, im] = [new Float64Array(length), new Float64Array(length)];
  for (let t = 0; t < Math.min(given, length); t++) {
    re[t] = data[at(t)]!;
    im[t] = parts === 2 ? data[at(t) + 1]! : 0;
  }
  if (mirrored) {
    for (let t = given; t < length; t++) [re[t], im[t]] = [re[length - t]!, -im[length - t]!];
  }
  return { re, im };
}

/** Short-time transform: frames of the signal [batch, length, 1 or 2], windowed, each through the DFT. */
function stft(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const step = call.integers(1)[0]!;
  const window = call.inputs[2] && call.numbers(2);
  const length = call.optionalIntegers(3)?.[0] ?? window!.length;
  const onesided = call.node.int('onesided', 1) === 1;
  const [batch = 0, samples = 0, parts = 1] = x.dims;
  const frames = Math.floor((samples - length) / step) + 1;
  const bins = onesided ? Math.floor(length / 2) + 1 : length;
  const target = call.allocate(x.dtype, [batch, frames, bins, 2]);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  call.charge(batch * frames * bins * length);
  for (let row = 0; row < batch * frames; row++) {
    const start = Math.floor(row / frames) * samples + (row % frames) * step;
    const { re, im } = readRow(from, (t) => (start + t) * parts, length, length, parts, false);
    if (window) for (let t = 0; t < length; t++) [re[t], im[t]] = [re[t]! * window[t]!, im[t]! * window[t]!];
    const out = transform(re, im, bins, false);
    for (let k = 0; k < bins; k++) [to[(row * bins + k) * 2], to[(row * bins + k) * 2 + 1]] = [out.re[k]!, out.im[k]!];
  }
  return target;
}

/** Sums of cosines: a0 - a1 cos(x) + a2 cos(2x), periodic or symmetric. */
function windowKernel(op: string, coefficients: readonly number[]): Kernel {
  return defineKernel({
    op,
    run: (call) => {
      const size = call.integers(0)[0]!;
      const span = call.node.int('periodic', 1) === 1 ? size : size - 1;
      const target = call.allocate(dtypeAttribute(call, 'output_datatype', 'float32'), [size]);
      const values = Float64Array.from({ length: size }, (_, i) =>
        coefficients.reduce((sum, a, k) => sum + (k % 2 === 0 ? a : -a) * Math.cos((2 * Math.PI * k * i) / span), 0),
      );
      return [call.result(target.dtype, [size], values)];
    },
  });
}

/** Triangular filters on the mel scale: [dft_length / 2 + 1, bins]. */
function melWeights(call: KernelCall): EvalTensor {
  const [bins, length, rate] = [0, 1, 2].map((i) => call.integers(i)[0]!) as [number, number, number];
  const [low, high] = [call.numbers(3)[0]!, call.numbers(4)[0]!];
  const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
  const step = (mel(high) - mel(low)) / (bins + 2);
  const edges = Array.from({ length: bins + 2 }, (_, i) => {
    const hertz = 700 * (10 ** ((i * step + mel(low)) / 2595) - 1);
    return Math.floor(((length + 1) * hertz) / rate);
  });
  const rows = Math.floor(length / 2) + 1;
  const values = new Float64Array(call.reserve([rows, bins]));
  for (let b = 0; b < bins; b++) {
    const [lower, centre, upper] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    if (centre === lower) values[centre * bins + b] = 1;
    else for (let f = lower; f <= centre; f++) values[f * bins + b] = (f - lower) / (centre - lower);
    for (let f = centre; upper > centre && f < upper; f++) values[f * bins + b] = (upper - f) / (upper - centre);
  }
  return call.result(dtypeAttribute(call, 'output_datatype', 'float32'), [rows, bins], values);
}

export const signal: readonly Kernel[] = [
  defineKernel({ op: 'DFT', run: (call) => [dft(call)] }),
  defineKernel({ op: 'STFT', run: (call) => [stft(call)] }),
  windowKernel('HannWindow', [0.5, 0.5]),
  windowKernel('HammingWindow', [25 / 46, 21 / 46]),
  windowKernel('BlackmanWindow', [0.42, 0.5, 0.08]),
  defineKernel({ op: 'MelWeightMatrix', run: (call) => [melWeights(call)] }),
];
