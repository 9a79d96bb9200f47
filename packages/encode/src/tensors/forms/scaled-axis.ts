import { type BinaryCoder, codeRaw } from '../../coders/binary-coder.js';
import { codeScale } from '../code-scale.js';
import { findScale, levelOf } from '../find-scale.js';
import { bytesOf, floatsOf } from '../float-words.js';
import { decodeIntegers, encodeIntegers } from '../integer-stream.js';
import type { TensorForm, TensorSpec } from '../plain-tensor.js';

/** Elements a channel below which its scale is not worth its bytes. */
const MIN_ELEMENTS = 4;

/** float32 elements that are integers times a scale for each index of the first, the second or the last axis. */
export const scaledAxis: TensorForm = {
  name: 'scaled-axis',

  encode(tensor) {
    if (tensor.dtype !== 'float32' || tensor.dims.length < 2) return undefined;
    for (const choice of [0, 1, 2]) {
      const body = encodeAxis(floatsOf(tensor.bytes), tensor, choice);
      if (body) return body;
    }
    return undefined;
  },

  decode(body, spec) {
    let scales: Float32Array | undefined;
    let channel = (_: number): number => 0;
    const levels = decodeIntegers(body, spec.dims, (coder) => {
      const axis = axisOf(spec, codeRaw(coder, 2, 0));
      scales = codeScales(coder, new Float32Array(spec.dims[axis] ?? 1));
      channel = channelOf(spec, axis);
    });
    return bytesOf(Float32Array.from(levels, (level, i) => level * scales![channel(i)]!));
  },
};

function encodeAxis(values: Float32Array, spec: TensorSpec, choice: number): Uint8Array | undefined {
  const axis = axisOf(spec, choice);
  const channels = spec.dims[axis]!;
  if (values.length < MIN_ELEMENTS * channels) return undefined;
  const channel = channelOf(spec, axis);
  const rows = Array.from({ length: channels }, () => new Float32Array(values.length / channels));
  const filled = new Uint32Array(channels);
  values.forEach((value, i) => (rows[channel(i)]![filled[channel(i)]!++] = value));
  const scales = new Float32Array(channels);
  for (const [index, row] of rows.entries()) {
    const scale = findScale(row);
    if (scale === undefined) return undefined;
    scales[index] = scale;
  }
  const levels = Int32Array.from(values, (value, i) => levelOf(value, scales[channel(i)]!));
  return encodeIntegers(levels, spec.dims, (coder) => {
    codeRaw(coder, 2, choice);
    codeScales(coder, scales);
  });
}

function axisOf({ dims }: TensorSpec, choice: number): number {
  return choice === 2 ? Math.max(0, dims.length - 1) : choice;
}

function channelOf({ dims }: TensorSpec, axis: number): (index: number) => number {
  const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channels = dims[axis] ?? 1;
  return (index) => Math.floor(index / stride) % channels;
}

function codeScales(coder: BinaryCoder, scales: Float32Array): Float32Array {
  return scales.map((scale) => codeScale(coder, scale));
}
