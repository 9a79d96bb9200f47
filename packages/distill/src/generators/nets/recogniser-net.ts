import type { Model } from '@gossamer/graph';
import { Layers } from './layers.js';

/** Input of a recogniser, [n, ...shape]. */
export const SEEN = 'seen';
/** Output of a recogniser, [n, outputs]. */
export const RECOGNISED = 'recognised';

/** Channels of the first and of the second convolution. */
const FIRST = 16;
const SECOND = 32;
/** Units of the hidden layers for vectors. */
const HIDDEN = 128;

export interface RecogniserOptions {
  /** Of the weights' names. */
  readonly name: string;
  /** Of a sample. */
  readonly shape: readonly number[];
  readonly outputs: number;
  readonly seed: number;
}

/**
 * A small net that says `outputs` numbers of a sample: an encoder (the code it was made of), or a discriminator (whether it is real). Two
 * convolutions of stride 2 and a dense layer; for vectors three dense layers. Without batch normalisation: a sample is judged alone.
 */
export function recogniserNet({ name, shape, outputs, seed }: RecogniserOptions): Model {
  const net = new Layers(name, seed);
  const x = net.g.input(SEEN, 'float32', ['n', ...shape]);
  if (shape.length !== 3) {
    const size = shape.reduce((a, b) => a * b, 1);
    const flat = shape.length === 1 ? x : net.reshape(x, [size]);
    const hidden = net.leakyRelu(net.dense(flat, 'dense1', size, HIDDEN));
    const deeper = net.leakyRelu(net.dense(hidden, 'dense2', HIDDEN, HIDDEN));
    return net.g.output(net.dense(deeper, 'dense3', HIDDEN, outputs), RECOGNISED).model();
  }
  const [channels, rows, columns] = shape as [number, number, number];
  const coarse = net.leakyRelu(net.conv(x, 'conv1', channels, FIRST, { stride: 2 }));
  const coarser = net.leakyRelu(net.conv(coarse, 'conv2', FIRST, SECOND, { stride: 2 }));
  const size = SECOND * Math.ceil(Math.ceil(rows / 2) / 2) * Math.ceil(Math.ceil(columns / 2) / 2);
  return net.g.output(net.dense(net.reshape(coarser, [size]), 'dense', size, outputs), RECOGNISED).model();
}
