import { type BinaryCoder, codeRaw } from '../../coders/binary-coder.js';
import { encodeError } from '../../error-codes.js';
import { codeScale } from '../code-scale.js';
import { findScale, levelOf } from '../find-scale.js';
import { bytesOf, floatsOf } from '../float-words.js';
import { planIntegers, readIntegers } from '../integer-stream.js';
import { requireDtype } from '../require-dtype.js';
import { elementCount, type PlainTensor, type TensorForm, type TensorSpec } from '../plain-tensor.js';

/** Elements a channel below which its scale is not worth its bytes. */
const MIN_ELEMENTS = 4;

/** float32 elements that are integers times a scale for each index of the first, the second or the last axis. */
export const scaledAxis: TensorForm = {
  name: 'scaled-axis',

  plan(tensor) {
    if (tensor.dtype !== 'float32' || tensor.dims.length < 2) return undefined;
    for (const choice of [0, 1, 2]) {
      const plan = planAxis(tensor, choice);
      if (plan) return plan;
    }
    return undefined;
  },

  read(coder, spec) {
    requireDtype(this, spec, 'float32');
    const axis = axisOf(spec, codeRaw(coder, 2, 0));
    const channels = spec.dims[axis] ?? 1;
    if (channels > elementCount(spec))
      throw encodeError('ERR_GSM_FORMAT', `scaled-axis: expected elements of ${channels} channels, received none`);
    const scales = codeScales(coder, new Float32Array(channels));
    const channel = channelOf(spec, axis);
    return bytesOf(Float32Array.from(readIntegers(coder, spec.dims), (level, i) => level * scales[channel(i)]!));
  },
};

function planAxis(tensor: PlainTensor, choice: number): ((coder: BinaryCoder) => void) | undefined {
  const values = floatsOf(tensor.bytes);
  const axis = axisOf(tensor, choice);
  const channels = tensor.dims[axis]!;
  if (values.length < MIN_ELEMENTS * channels) return undefined;
  const channel = channelOf(tensor, axis);
  const rows = Array.from({ length: channels }, () => new Float32Array(values.length / channels));
  const filled = new Uint32Array(channels);
  values.forEach((value, i) => (rows[channel(i)]![filled[channel(i)]!++] = value));
  const scales = new Float32Array(channels);
  for (const [index, row] of rows.entries()) {
    const scale = findScale(row);
    if (scale === undefined) return undefined;
    scales[index] = scale;
  }
  const plan = planIntegers(
    Int32Array.from(values, (value, i) => levelOf(value, scales[channel(i)]!)),
    tensor.dims,
  );
  return (coder) => {
    codeRaw(coder, 2, choice);
    codeScales(coder, scales);
    plan(coder);
  };
}

function axisOf({ dims }: TensorSpec, choice: number): number {
  return choice >= 2 ? Math.max(0, dims.length - 1) : choice;
}

function channelOf({ dims }: TensorSpec, axis: number): (index: number) => number {
  const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channels = dims[axis] ?? 1;
  return (index) => Math.floor(index / stride) % channels;
}

function codeScales(coder: BinaryCoder, scales: Float32Array): Float32Array {
  return scales.map((scale) => codeScale(coder, scale));
}
