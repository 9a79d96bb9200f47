import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { batchNorm, conv, type ConvOptions, dense, type Net } from './layers.js';
import { seededWeights } from './weights.js';

export interface ZooOptions {
  /** Default 0. */
  readonly seed?: number;
  /** BatchNormalization as nodes of their own, as training frameworks hold them; default false: folded, as they export. */
  readonly batchNorm?: boolean;
}

/** Conv, then normalisation: a node of its own, or (folded) a bias of the Conv. */
function convNorm(net: Net, x: Value, name: string, input: number, output: number, o: ConvOptions, bn: boolean): Value {
  const y = conv(net, x, name, input, output, { ...o, bias: !bn });
  return bn ? batchNorm(net, y, `${name}.bn`, output) : y;
}

/**
 * ResNet-50 (v1.5: the stride is in the 3x3): input [n, 3, 224, 224] -> output [n, 1000]; 25.6 million parameters.
 *
 * Source: He et al. 2016, arXiv:1512.03385, table 1.
 */
export function resNet50(options: ZooOptions = {}): Model {
  const bn = options.batchNorm ?? false;
  const net = { g: new GraphBuilder('resnet50'), init: seededWeights(options.seed ?? 0) };
  let x = net.g.input('input', 'float32', ['N', 3, 224, 224]);
  x = net.g.op('Relu', [convNorm(net, x, 'conv1', 3, 64, { kernel: 7, stride: 2, padding: 3 }, bn)]);
  x = net.g.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let channels = 64;
  [3, 4, 6, 3].forEach((blocks, stage) => {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      const width = 64 * 2 ** stage;
      x = bottleneck(net, x, `layer${stage + 1}.${block}`, channels, width, stride, bn);
      channels = width * 4;
    }
  });
  const pooled = net.g.op('Flatten', [net.g.op('GlobalAveragePool', [x])], { axis: 1 });
  return net.g.output(dense(net, pooled, 'fc', 2048, 1000), 'output', 'float32', ['N', 1000]).model();
}

function bottleneck(
  net: Net,
  x: Value,
  name: string,
  input: number,
  width: number,
  stride: number,
  bn: boolean,
): Value {
  const output = width * 4;
  let y = net.g.op('Relu', [convNorm(net, x, `${name}.conv1`, input, width, { kernel: 1 }, bn)]);
  y = net.g.op('Relu', [convNorm(net, y, `${name}.conv2`, width, width, { kernel: 3, stride, padding: 1 }, bn)]);
  y = convNorm(net, y, `${name}.conv3`, width, output, { kernel: 1 }, bn);
  const isSame = input === output && stride === 1;
  const shortcut = isSame ? x : convNorm(net, x, `${name}.downsample`, input, output, { kernel: 1, stride }, bn);
  return net.g.op('Relu', [net.g.op('Add', [y, shortcut], {}, { name: `${name}.add` })]);
}

/** ResNet-20 for 28 x 28 x 1: 16, 32, 64 channels, three basic blocks each: input [n, 1, 28, 28] -> logits [n, 10]. */
export function resNet20(options: ZooOptions = {}): Model {
  const bn = options.batchNorm ?? true;
  const net = { g: new GraphBuilder('resnet20'), init: seededWeights(options.seed ?? 0) };
  let x = net.g.input('input', 'float32', ['n', 1, 28, 28]);
  x = net.g.op('Relu', [convNorm(net, x, 'conv1', 1, 16, { kernel: 3, padding: 1 }, bn)]);
  let channels = 16;
  for (let stage = 0; stage < 3; stage++) {
    for (let block = 0; block < 3; block++) {
      const width = 16 * 2 ** stage;
      x = basicBlock(net, x, `layer${stage + 1}.${block}`, channels, width, block === 0 && stage > 0 ? 2 : 1, bn);
      channels = width;
    }
  }
  const pooled = net.g.op('Flatten', [net.g.op('GlobalAveragePool', [x])], { axis: 1 });
  return net.g.output(dense(net, pooled, 'fc', 64, 10), 'logits', 'float32', ['n', 10]).model();
}

function basicBlock(
  net: Net,
  x: Value,
  name: string,
  input: number,
  output: number,
  stride: number,
  bn: boolean,
): Value {
  let y = net.g.op('Relu', [convNorm(net, x, `${name}.conv1`, input, output, { kernel: 3, stride, padding: 1 }, bn)]);
  y = convNorm(net, y, `${name}.conv2`, output, output, { kernel: 3, padding: 1 }, bn);
  const isSame = input === output && stride === 1;
  const shortcut = isSame ? x : convNorm(net, x, `${name}.downsample`, input, output, { kernel: 1, stride }, bn);
  return net.g.op('Relu', [net.g.op('Add', [y, shortcut], {}, { name: `${name}.add` })]);
}
