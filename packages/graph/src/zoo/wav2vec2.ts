import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { attention, feedForward } from './attention.js';
import { gelu, layerNorm, linear, type Net } from './layers.js';
import { seededWeights } from './weights.js';

export interface Wav2Vec2Options {
  readonly seed?: number;
  /** Channels of the convolutional front end. Default 512. */
  readonly channels?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  /** Letters of the CTC head, the blank among them. Default 32. */
  readonly letters?: number;
}

/** Kernel and stride of the front end: 20 ms a frame at 16 kHz. */
const FRONT_END = [
  [10, 5],
  [3, 2],
  [3, 2],
  [3, 2],
  [3, 2],
  [2, 2],
  [2, 2],
] as const;
const POSITION_KERNEL = 128;
const POSITION_GROUPS = 16;

/**
 * A speech recogniser like wav2vec 2.0: samples [n, time] at 16 kHz -> logits [n, frames, letters] for CTC. Seven 1-D convolutions
 * (GroupNorm of one channel a group behind the first, GELU behind all), a projection, a convolutional position embedding, post-LN
 * transformer layers, a linear head. The defaults are the sizes of the base model: 94 million parameters.
 *
 * Source: Baevski et al. 2020, arXiv:2006.11477, sections 2 and 4.1.
 */
export function wav2Vec2(options: Wav2Vec2Options = {}): Model {
  const { seed = 0, channels = 512, layers = 12, width = 768, heads = 12, letters = 32 } = options;
  const net = { g: new GraphBuilder('wav2vec2'), init: seededWeights(seed) };
  const samples = net.g.input('samples', 'float32', ['n', 'time']);
  let x = frontEnd(net, samples, channels);
  x = layerNorm(net, net.g.op('Transpose', [x], { perm: [0, 2, 1] }), 'features.norm', channels, 1e-5);
  x = linear(net, x, 'projection', channels, width);
  x = layerNorm(net, net.g.op('Add', [x, positions(net, x, width)]), 'encoder.norm', width, 1e-5);
  for (let i = 0; i < layers; i++) {
    const name = `layer.${i}`;
    x = net.g.op('Add', [x, attention(net, x, `${name}.attention`, { width, heads, context: 0 })]);
    x = layerNorm(net, x, `${name}.attention.norm`, width, 1e-5);
    x = net.g.op('Add', [x, feedForward(net, x, name, width)]);
    x = layerNorm(net, x, `${name}.norm`, width, 1e-5);
  }
  return net.g.output(linear(net, x, 'head', width, letters), 'logits', 'float32', ['n', 'frames', letters]).model();
}

function frontEnd(net: Net, samples: Value, channels: number): Value {
  let x = net.g.op('Unsqueeze', [samples, net.g.constant([1])]);
  FRONT_END.forEach(([kernel, stride], i) => {
    const name = `features.${i}`;
    const dims = [channels, i === 0 ? 1 : channels, kernel];
    const weight = net.g.weight(`${name}.weight`, dims, normalFor(net, dims));
    x = net.g.op('Conv', [x, weight], { kernel_shape: [kernel], strides: [stride] }, { name });
    if (i === 0) x = channelNorm(net, x, `${name}.norm`, channels);
    x = gelu(net, x);
  });
  return x;
}

/** GroupNorm with one channel a group, which is InstanceNormalization. */
function channelNorm(net: Net, x: Value, name: string, channels: number): Value {
  const scale = net.g.weight(`${name}.weight`, [channels], new Float32Array(channels).fill(1));
  const shift = net.g.weight(`${name}.bias`, [channels], new Float32Array(channels));
  return net.g.op('InstanceNormalization', [x, scale, shift], { epsilon: 1e-5 }, { name });
}

/** A grouped convolution over the frames; its even kernel gives one frame too many, which is cut. */
function positions(net: Net, x: Value, width: number): Value {
  const name = 'positions';
  const dims = [width, width / POSITION_GROUPS, POSITION_KERNEL];
  const weight = net.g.weight(`${name}.weight`, dims, normalFor(net, dims));
  const bias = net.g.weight(`${name}.bias`, [width], new Float32Array(width));
  const pad = POSITION_KERNEL / 2;
  const attributes = { group: POSITION_GROUPS, kernel_shape: [POSITION_KERNEL], pads: [pad, pad] };
  const frames = net.g.op('Transpose', [x], { perm: [0, 2, 1] });
  const wide = net.g.op('Conv', [frames, weight, bias], attributes, { name });
  const cut = net.g.op('Slice', [wide, ...[[0], [-1], [2]].map((at) => net.g.constant(at))]);
  return net.g.op('Transpose', [gelu(net, cut)], { perm: [0, 2, 1] });
}

/** He-initialised (He et al. 2015, arXiv:1502.01852). */
function normalFor(net: Net, dims: readonly number[]): Float32Array {
  return net.init.normal(elementCount(dims), Math.sqrt(2 / elementCount(dims.slice(1))));
}
