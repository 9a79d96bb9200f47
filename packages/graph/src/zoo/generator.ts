import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { batchNorm } from './layers.js';
import { seededWeights } from './weights.js';

export interface GeneratorOptions {
  readonly seed?: number;
  /** Length of the latent vector. Default 100. */
  readonly latent?: number;
  /** Channels before the last layer; each one before has twice as many. Default 64. */
  readonly channels?: number;
}

/**
 * DCGAN generator: latent [n, latent] -> image [n, 3, 64, 64] in (-1, 1). Five ConvTranspose 4x4 from 1x1 to 64x64, BatchNormalization
 * and ReLU between, tanh at the end.
 *
 * Source: Radford, Metz, Chintala 2016, arXiv:1511.06434, figure 1.
 */
export function generator(options: GeneratorOptions = {}): Model {
  const { seed = 0, latent = 100, channels = 64 } = options;
  const net = { g: new GraphBuilder('generator'), init: seededWeights(seed) };
  const input = net.g.input('latent', 'float32', ['n', latent]);
  let x = net.g.op('Reshape', [input, net.g.constant([0, latent, 1, 1])]);
  const widths = [latent, 8 * channels, 4 * channels, 2 * channels, channels, 3];
  for (let layer = 0; layer < 5; layer++) {
    const dims = [widths[layer]!, widths[layer + 1]!, 4, 4];
    const weight = net.g.weight(`up${layer}.weight`, dims, net.init.normal(elementCount(dims), 0.02));
    // The first makes 4x4 of 1x1, each other one doubles.
    const [stride, padding] = layer === 0 ? [1, 0] : [2, 1];
    const attributes = { kernel_shape: [4, 4], strides: [stride, stride], pads: new Array<number>(4).fill(padding) };
    x = net.g.op('ConvTranspose', [x, weight], attributes, { name: `up${layer}` });
    x = layer < 4 ? net.g.op('Relu', [batchNorm(net, x, `up${layer}.bn`, dims[1]!)]) : net.g.op('Tanh', [x]);
  }
  return net.g.output(x, 'image', 'float32', ['n', 3, 64, 64]).model();
}
