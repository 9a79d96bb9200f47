import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { sigmoid } from './activation.js';
import { concat, section } from './move.js';

const ACTIVATIONS: Readonly<Record<string, (x: number) => number>> = {
  none: (x) => x,
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
};

/**
 * A depthwise convolution of [batch, channels, length] with a kernel [channels, 1, k] over the present and the k - 1 positions before
 * it; those before the first come from the state (or are 0), and the last k - 1 are the next state.
 */
function causalConvolution(call: KernelCall): EvalTensor[] {
  const [x, weight, bias] = [call.tensor(0), call.tensor(1), call.optional(2)];
  // What ONNX Runtime's own form of the operator adds.
  const { node } = call;
  const plain = node.int('ndim', 1) === 1 && node.int('dilation', 1) === 1;
  if (!plain || node.int('channels_last', 0) !== 0 || node.int('state_window', 0) !== 0) {
    call.fail('ERR_EVAL_OP', 'ndim, dilation, channels_last, state_window', '1, 1, 0, 0', 'others');
  }
  const name = call.node.string('activation', 'none');
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (!activation) call.fail('ERR_EVAL_OP', 'activation', Object.keys(ACTIVATIONS).join(', '), name);
  const [batch = 0, channels = 0, length = 0] = x.dims;
  const taps = weight.dims[2] ?? 0;
  if (x.dims.length !== 3 || weight.dims.length !== 3 || weight.dims[0] !== channels || weight.dims[1] !== 1) {
    call.fail('ERR_EVAL_SHAPE', 'weight', `[${channels}, 1, k]`, `[${weight.dims.join(',')}]`);
  }
  const past = call.optional(3) ?? call.allocate(x.dtype, [batch, channels, taps - 1]);
  const joined = concat(call, [past, x], 2);
  const total = length + taps - 1;
  if (joined.dims[2] !== total) {
    call.fail('ERR_EVAL_SHAPE', 'past_state', `[${batch}, ${channels}, ${taps - 1}]`, `[${past.dims.join(',')}]`);
  }
  call.charge(elementCount(x.dims) * taps);
  const [from, weights, addends] = [call.asNumbers(joined), call.asNumbers(weight), bias && call.asNumbers(bias)];
  const target = call.allocate(x.dtype, x.dims);
  const to = target.data as NumberData;
  for (let row = 0; row < batch * channels; row++) {
    const channel = row % channels;
    for (let i = 0; i < length; i++) {
      let sum = addends ? addends[channel]! : 0;
      for (let t = 0; t < taps; t++) sum += weights[channel * taps + t]! * from[row * total + i + t]!;
      to[row * length + i] = activation(sum);
    }
  }
  return [target, section(call, joined, 2, length, taps - 1)];
}

export const causalConv: readonly Kernel[] = ['', 'com.microsoft'].map((domain) =>
  defineKernel({ op: 'CausalConvWithState', domain, run: causalConvolution }),
);
