import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { batchNorm, conv, type Net } from './layers.js';
import { seededWeights } from './weights.js';

export interface UNetOptions {
  readonly seed?: number;
  /** Channels of the first level; each further one has twice as many. Default 32. */
  readonly channels?: number;
  /** Times that height and width are halved. Default 4. */
  readonly depth?: number;
  /** Channels of the input. Default 3. */
  readonly input?: number;
  /** Classes of a pixel. Default 2. */
  readonly classes?: number;
}

/**
 * U-Net with padded convolutions: input [n, input, h, w] (h and w multiples of 2^depth) -> logits [n, classes, h, w]. Each level is two
 * 3x3 Conv + BatchNormalization + ReLU; the way up is ConvTranspose 2x2 and a Concat with the level of the way down.
 *
 * Source: Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, section 2 (there unpadded).
 */
export function uNet(options: UNetOptions = {}): Model {
  const { seed = 0, channels = 32, depth = 4, input = 3, classes = 2 } = options;
  const net = { g: new GraphBuilder('u-net'), init: seededWeights(seed) };
  let x = net.g.input('input', 'float32', ['n', input, 'h', 'w']);
  const levels: Value[] = [];
  let width = input;
  for (let level = 0; level < depth; level++) {
    x = doubleConv(net, x, `down${level}`, width, channels * 2 ** level);
    width = channels * 2 ** level;
    levels.push(x);
    x = net.g.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = doubleConv(net, x, 'middle', width, 2 * width);
  for (let level = depth - 1; level >= 0; level--) {
    const output = channels * 2 ** level;
    x = upsample(net, x, `up${level}`, 2 * output, output);
    x = net.g.op('Concat', [levels[level]!, x], { axis: 1 }, { name: `up${level}.concat` });
    x = doubleConv(net, x, `up${level}`, 2 * output, output);
  }
  const logits = conv(net, x, 'head', channels, classes, { kernel: 1, bias: true });
  return net.g.output(logits, 'logits', 'float32', ['n', classes, 'h', 'w']).model();
}

function doubleConv(net: Net, x: Value, name: string, input: number, output: number): Value {
  let y = x;
  for (const [part, from] of [
    ['conv1', input],
    ['conv2', output],
  ] as const) {
    y = conv(net, y, `${name}.${part}`, from, output, { kernel: 3, padding: 1 });
    y = net.g.op('Relu', [batchNorm(net, y, `${name}.${part}.bn`, output)]);
  }
  return y;
}

/** ConvTranspose 2x2 with stride 2; W is [input, output, 2, 2]. */
function upsample(net: Net, x: Value, name: string, input: number, output: number): Value {
  const dims = [input, output, 2, 2];
  const weight = net.g.weight(`${name}.weight`, dims, net.init.normal(elementCount(dims), Math.sqrt(2 / input)));
  const bias = net.g.weight(`${name}.bias`, [output], new Float32Array(output));
  return net.g.op('ConvTranspose', [x, weight, bias], { kernel_shape: [2, 2], strides: [2, 2] }, { name });
}
