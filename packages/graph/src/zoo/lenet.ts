import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { conv, dense } from './layers.js';
import { seededWeights } from './weights.js';

/**
 * LeNet-5 in its "Caffe" form: input [n, 1, 28, 28] -> logits [n, 10]; 431,080 parameters.
 *
 * Source: LeCun et al. 1998; layer sizes as in Caffe's examples/mnist (20-50-500-10, no activation after the convolutions).
 */
export function leNet5(seed = 0): Model {
  const net = { g: new GraphBuilder('lenet-5'), init: seededWeights(seed) };
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  let x = net.g.input('input', 'float32', ['n', 1, 28, 28]);
  x = net.g.op('MaxPool', [conv(net, x, 'conv1', 1, 20, { kernel: 5, bias: true })], pool);
  x = net.g.op('MaxPool', [conv(net, x, 'conv2', 20, 50, { kernel: 5, bias: true })], pool);
  x = net.g.op('Relu', [dense(net, net.g.op('Flatten', [x], { axis: 1 }), 'fc1', 800, 500)]);
  return net.g.output(dense(net, x, 'fc2', 500, 10), 'logits', 'float32', ['n', 10]).model();
}

/** LeNet-300-100: input [n, 1, 28, 28] -> logits [n, 10], three Gemm with ReLU between; 266,610 parameters. */
export function leNet300100(seed = 0): Model {
  const net = { g: new GraphBuilder('lenet-300-100'), init: seededWeights(seed) };
  const input = net.g.input('input', 'float32', ['n', 1, 28, 28]);
  let x = net.g.op('Flatten', [input], { axis: 1 });
  x = net.g.op('Relu', [dense(net, x, 'fc1', 784, 300)]);
  x = net.g.op('Relu', [dense(net, x, 'fc2', 300, 100)]);
  return net.g.output(dense(net, x, 'fc3', 100, 10), 'logits', 'float32', ['n', 10]).model();
}
