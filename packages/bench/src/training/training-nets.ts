import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { leNet5 } from '@gossamer/graph/zoo';
import { normalArray } from './normal-array.js';

/** A net whose training step is timed: fed one batch of `input`, and labels of ten classes. */
export interface TrainingNet {
  readonly name: string;
  readonly batch: number;
  /** Shape of a sample. */
  readonly input: readonly number[];
  build(): Model;
}

/** Writes layers with seeded weights: normal, deviation 1 / sqrt(fan-in), times a gain. */
class Net {
  readonly g: GraphBuilder;
  #weights = 0;

  constructor(name: string) {
    this.g = new GraphBuilder(name, { opset: 21 });
  }

  weight(name: string, dims: readonly number[], fanIn: number, gain = 1): Value {
    const count = dims.reduce((a, b) => a * b, 1);
    return this.g.weight(name, dims, normalArray(count, gain / Math.sqrt(fanIn), ++this.#weights));
  }

  filled(name: string, count: number, value: number): Value {
    return this.g.weight(name, [count], new Float32Array(count).fill(value));
  }

  dense(x: Value, name: string, inputs: number, outputs: number): Value {
    const weight = this.weight(`${name}.weight`, [outputs, inputs], inputs);
    return this.g.op('Gemm', [x, weight, this.filled(`${name}.bias`, outputs, 0)], { transB: 1 });
  }

  /** Convolution to the same size (over `stride`), then BatchNormalization. */
  convNorm(
    x: Value,
    name: string,
    [from, to]: readonly [number, number],
    kernel: number,
    stride = 1,
    group = 1,
  ): Value {
    const fanIn = (from / group) * kernel * kernel;
    const weight = this.weight(`${name}.weight`, [to, from / group, kernel, kernel], fanIn, Math.SQRT2);
    const pad = kernel >> 1;
    const y = this.g.op('Conv', [x, weight], { strides: [stride, stride], pads: [pad, pad, pad, pad], group });
    const parts = { scale: 1, shift: 0, mean: 0, variance: 1 };
    const vectors = Object.entries(parts).map(([part, value]) => this.filled(`${name}.${part}`, to, value));
    return this.g.op('BatchNormalization', [y, ...vectors]);
  }

  pooled(x: Value): Value {
    return this.g.op('Flatten', [this.g.op('GlobalAveragePool', [x])]);
  }

  model(logits: Value): Model {
    return this.g.output(logits, 'logits', 'float32', ['n', 10]).model();
  }
}

function mlp(): Model {
  const net = new Net('mlp');
  const x = net.g.input('input', 'float32', ['n', 784]);
  const first = net.g.op('Relu', [net.dense(x, 'fc1', 784, 512)]);
  const second = net.g.op('Relu', [net.dense(first, 'fc2', 512, 512)]);
  return net.model(net.dense(second, 'fc3', 512, 10));
}

/** ResNet-20 for 28 x 28 x 1: three stages of three basic blocks of 16, 32 and 64 channels, 1 x 1 convolutions on the shortcuts. */
function resNet20(): Model {
  const net = new Net('resnet-20');
  const { g } = net;
  let x = g.op('Relu', [net.convNorm(g.input('input', 'float32', ['n', 1, 28, 28]), 'stem', [1, 16], 3)]);
  let from = 16;
  [16, 16, 16, 32, 32, 32, 64, 64, 64].forEach((to, i) => {
    const stride = to === from ? 1 : 2;
    const inner = g.op('Relu', [net.convNorm(x, `block${i}.a`, [from, to], 3, stride)]);
    const outer = net.convNorm(inner, `block${i}.b`, [to, to], 3);
    const shortcut = stride === 1 ? x : net.convNorm(x, `block${i}.s`, [from, to], 1, stride);
    x = g.op('Relu', [g.op('Add', [outer, shortcut])]);
    from = to;
  });
  return net.model(net.dense(net.pooled(x), 'fc', 64, 10));
}

/** Two inverted residual blocks of MobileNetV2, 32 -> 96 -> 32 channels at 28 x 28. */
function mobileBlocks(): Model {
  const net = new Net('mobile-blocks');
  const { g } = net;
  const clip = (x: Value) => g.op('Clip', [x, g.constant(0, 'float32'), g.constant(6, 'float32')]);
  let x = g.input('input', 'float32', ['n', 32, 28, 28]);
  for (let i = 0; i < 2; i++) {
    const wide = clip(net.convNorm(x, `block${i}.expand`, [32, 96], 1));
    const mixed = clip(net.convNorm(wide, `block${i}.depthwise`, [96, 96], 3, 1, 96));
    x = g.op('Add', [x, net.convNorm(mixed, `block${i}.project`, [96, 32], 1)]);
  }
  return net.model(net.dense(net.pooled(x), 'fc', 32, 10));
}

/** One pre-LN transformer block: 64 positions of width 256, 4 heads, 1024 inner units with erf-GELU; the mean of positions is classified. */
function transformerBlock(): Model {
  const [positions, width, heads, inner] = [64, 256, 4, 1024];
  const net = new Net('transformer-block');
  const { g } = net;
  const linear = (x: Value, name: string, from: number, to: number) =>
    g.op('Add', [
      g.op('MatMul', [x, net.weight(`${name}.weight`, [from, to], from)]),
      net.filled(`${name}.bias`, to, 0),
    ]);
  const norm = (x: Value, name: string) =>
    g.op('LayerNormalization', [x, net.filled(`${name}.scale`, width, 1), net.filled(`${name}.shift`, width, 0)]);
  const split = (x: Value, perm: readonly number[]) =>
    g.op('Transpose', [g.op('Reshape', [x, g.constant([0, positions, heads, width / heads])])], { perm });
  const x = g.input('input', 'float32', ['n', positions, width]);
  const first = norm(x, 'norm1');
  const [q, k, v] = ['q', 'k', 'v'].map((name) => linear(first, name, width, width)) as [Value, Value, Value];
  const scores = g.op('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
  const attention = g.op('Softmax', [g.op('Mul', [scores, g.constant(1 / 8, 'float32')])], { axis: -1 });
  const mixed = g.op('Transpose', [g.op('MatMul', [attention, split(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  const attended = g.op('Add', [
    x,
    linear(g.op('Reshape', [mixed, g.constant([0, positions, width])]), 'out', width, width),
  ]);
  const hidden = g.op('Gelu', [linear(norm(attended, 'norm2'), 'up', width, inner)]);
  const y = g.op('Add', [attended, linear(hidden, 'down', inner, width)]);
  return net.model(net.dense(g.op('ReduceMean', [y, g.constant([1])], { keepdims: 0 }), 'head', width, 10));
}

/** The nets of docs/benchmarks/training-steps.md. */
export const TRAINING_NETS: readonly TrainingNet[] = [
  { name: 'mlp', batch: 128, input: [784], build: mlp },
  { name: 'lenet-5', batch: 128, input: [1, 28, 28], build: () => leNet5() },
  { name: 'resnet-20', batch: 128, input: [1, 28, 28], build: resNet20 },
  { name: 'mobile-blocks', batch: 32, input: [32, 28, 28], build: mobileBlocks },
  { name: 'transformer-block', batch: 16, input: [64, 256], build: transformerBlock },
];
