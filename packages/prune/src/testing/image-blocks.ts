import { attribute, GraphBuilder, Tensor, tensorType, type Value } from '@gossamer/graph';
import type { RandomNet } from './random-net.js';

/** Feature maps [n, channels, size, size]; channels and size are multiples of 4. */
export interface Image {
  readonly x: Value;
  readonly channels: number;
  readonly size: number;
}

type Block = (net: RandomNet, image: Image) => Image;

const to = (image: Image, x: Value, channels = image.channels, size = image.size): Image => ({ x, channels, size });

/** What the generated networks are made of: each block takes feature maps and returns feature maps. */
export const IMAGE_BLOCKS: Readonly<Record<string, Block>> = {
  plain(net, image) {
    const channels = 4 * net.integer(1, 4);
    const y = net.conv(image.x, image.channels, channels, net.pick([1, 3]));
    return to(image, net.activation(net.random() < 0.5 ? net.batchNorm(y, channels) : y), channels);
  },
  either(net, image) {
    const { x, channels, size } = image;
    const wide = 4 * net.integer(1, 3);
    const bodies = ['then', 'else'].map((name) => new GraphBuilder(name));
    const [then_branch, else_branch] = bodies.map(({ graph }) => attribute.graph(graph));
    const most = net.op('ReduceMax', [net.g.graph.inputs[0]!], { keepdims: 0 });
    const condition = net.op('Greater', [most, net.g.constant(net.pick([-9, 9]), 'float32')]);
    const y = net.op('If', [condition], { then_branch: then_branch!, else_branch: else_branch! });
    for (const body of bodies) {
      const own = net.inside(body);
      const inner = net.random() < 0.5 ? own.activation(own.conv(x, channels, 8, 3)) : x;
      const result = own.activation(own.conv(inner, inner === x ? channels : 8, wide));
      body.graph.setType(result, tensorType('float32', [1, wide, size, size]));
      body.graph.addOutput(result);
    }
    return to(image, y, wide);
  },
  residual(net, image) {
    const { x, channels } = image;
    const inner = 4 * net.integer(1, 3);
    const first = net.zeroActivation(net.batchNorm(net.conv(x, channels, inner, 3), inner));
    const second = net.batchNorm(net.conv(first, inner, channels, 3), channels);
    return to(image, net.zeroActivation(net.op('Add', [second, x])));
  },
  squeezeExcite(net, image) {
    const { x, channels } = image;
    const pooled = net.op(net.pick(['GlobalAveragePool', 'GlobalMaxPool']), [x]);
    const squeezed = net.op('Relu', [net.conv(pooled, channels, 4)]);
    const gate = net.op(net.pick(['Sigmoid', 'HardSigmoid']), [net.conv(squeezed, 4, channels)]);
    return to(image, net.op('Mul', [x, gate]));
  },
  dense(net, image) {
    let { x, channels } = image;
    for (let i = 0; i < 2; i++) {
      const grown = net.op('Relu', [net.batchNorm(net.conv(x, channels, 4, 3), 4)]);
      x = net.op('Concat', [x, grown], { axis: 1 });
      channels += 4;
    }
    return to(image, x, channels);
  },
  separable(net, image) {
    const { x, channels } = image;
    const deep = net.zeroActivation(net.batchNorm(net.conv(x, channels, channels, 3, { groups: channels }), channels));
    const wide = 4 * net.integer(1, 4);
    return to(image, net.zeroActivation(net.conv(deep, channels, wide)), wide);
  },
  multiplied(net, image) {
    // A depthwise convolution with two outputs a channel.
    const { x, channels } = image;
    return to(image, net.op('Relu', [net.conv(x, channels, 2 * channels, 3, { groups: channels })]), 2 * channels);
  },
  shuffle(net, image) {
    const { x, channels, size } = image;
    const groups = net.pick([2, 4]);
    const wide = 8 * net.integer(1, 2);
    const grouped = net.conv(x, channels, wide, 1, { groups: channels % groups === 0 ? groups : 1 });
    const parts = net.op('Reshape', [grouped, net.g.constant([0, groups, wide / groups, size, size])]);
    const turned = net.op('Transpose', [parts], { perm: [0, 2, 1, 3, 4] });
    const joined = net.op('Reshape', [turned, net.g.constant([0, wide, size, net.pick([-1, size])])]);
    return to(image, net.op('Relu', [net.conv(joined, wide, wide, 3, { groups: wide })]), wide);
  },
  grouped(net, image) {
    const { x, channels } = image;
    const groups = net.pick([2, 4]);
    const inner = 8 * net.integer(1, 2);
    const reduced = net.op('Relu', [net.conv(x, channels, inner)]);
    const middle = net.op('Relu', [net.conv(reduced, inner, inner, 3, { groups })]);
    return to(image, net.op('Add', [net.conv(middle, inner, channels), x]));
  },
  unet(net, image) {
    const { x, channels, size } = image;
    const down = net.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    const middle = net.op('Relu', [net.conv(down, channels, 8, 3)]);
    const up = net.op('ConvTranspose', [middle, net.weight([8, 4, 2, 2], 0.5), net.weight([4], 0.5)], {
      strides: [2, 2],
    });
    const grown =
      net.random() < 0.5
        ? up
        : net.op('Resize', [net.conv(middle, 8, 4), undefined, net.g.constant([1, 1, 2, 2], 'float32')]);
    return to(image, net.op('Concat', [x, net.zeroActivation(grown)], { axis: 1 }), channels + 4, size);
  },
  resized(net, image) {
    const { x, channels, size } = image;
    const up = net.op('Resize', [x, undefined, undefined, net.g.constant([1, channels, 2 * size, 2 * size])], {
      mode: 'nearest',
    });
    return to(image, net.op('AveragePool', [up], { kernel_shape: [2, 2], strides: [2, 2] }));
  },
  depthToSpace(net, image) {
    const { x, channels, size } = image;
    const wide = net.conv(x, channels, 16, 1);
    const spread = net.op('DepthToSpace', [wide], { blocksize: 2, mode: net.pick(['DCR', 'CRD']) });
    return to(image, net.op('Relu', [net.conv(spread, 4, 8, 3, { stride: 2 })]), 8, size);
  },
  spaceToDepth(net, image) {
    const { x, channels, size } = image;
    const deep = net.op('SpaceToDepth', [x], { blocksize: 2 });
    const mixed = net.op('Relu', [net.conv(deep, 4 * channels, 4 * channels)]);
    return to(image, net.op('DepthToSpace', [mixed], { blocksize: 2 }), channels, size);
  },
  split(net, image) {
    const { x, channels } = image;
    const sizes = net.random() < 0.5 || channels % 8 > 0 ? undefined : [4, channels - 4];
    const rest = sizes?.[1] ?? channels / 2;
    const parts = net.ops('Split', 2, sizes ? [x, net.g.constant(sizes)] : [x], { axis: 1 });
    const own = 8 + (-rest & 3);
    const first = net.op('Relu', [net.conv(parts[0]!, sizes?.[0] ?? channels / 2, own)]);
    return to(image, net.op('Concat', [first, parts[1]!], { axis: 1 }), own + rest);
  },
  slice(net, image) {
    const { x, channels } = image;
    const bounds = [
      net.g.constant([channels / 4]),
      net.g.constant([net.pick([channels, 2 ** 53 - 1])]),
      net.g.constant([net.pick([1, -3])]),
    ];
    const part = net.op('Slice', [x, ...bounds]);
    const padded = net.op('Concat', [part, net.conv(x, channels, channels / 4)], { axis: 1 });
    return to(image, padded);
  },
  gather(net, image) {
    const { x, channels } = image;
    const order = Array.from({ length: channels }, (_, i) => (i % 3 === 0 ? i - channels : (i * 5 + 1) % channels));
    return to(image, net.op('Gather', [x, net.g.constant(order)], { axis: 1 }));
  },
  elementwise(net, image) {
    const { x, channels } = image;
    const y = net.op('PRelu', [net.op('Add', [x, net.weight([channels, 1, 1])]), net.weight([channels, 1, 1])]);
    const clipped = net.op('Clip', [y, net.g.constant(-2, 'float32'), net.g.constant(3, 'float32')]);
    const scaled = net.op('Mul', [clipped, net.weight([1, channels, 1, 1])]);
    const chosen = net.op('Where', [net.op('Greater', [scaled, net.g.constant(0.5, 'float32')]), scaled, x]);
    return to(image, net.op('Sub', [chosen, net.op('Div', [x, net.weight([channels, 1, 1], 3, true)])]));
  },
  instanceNorm(net, image) {
    const { x, channels } = image;
    return to(image, net.op('InstanceNormalization', [x, net.weight([channels]), net.weight([channels])]));
  },
  groupNormByReshape(net, image) {
    const { x, channels, size } = image;
    const parts = net.op('Reshape', [x, net.g.constant([0, 4, -1])]);
    const normed = net.op('InstanceNormalization', [parts, net.weight([4], 1, true), net.weight([4])]);
    const joined = net.op('Reshape', [normed, net.g.constant([0, channels, size, size])]);
    return to(
      image,
      net.op('Add', [net.op('Mul', [joined, net.weight([channels, 1, 1])]), net.weight([channels, 1, 1])]),
    );
  },
  padded(net, image) {
    const { x, channels, size } = image;
    const frame = net.op('Pad', [
      x,
      net.g.constant([0, 0, 1, 1, 0, 0, 1, 1]),
      net.g.constant(net.pick([0, 0.5]), 'float32'),
    ]);
    return to(image, net.activation(net.conv(frame, channels, 8, 3, { padding: 0 })), 8, size);
  },
  quantizedWeights(net, image) {
    const { x, channels } = image;
    const codes = Int8Array.from({ length: 8 * channels }, () => net.integer(-127, 127));
    const stored = net.g.graph.addInitializer('codes', Tensor.of('int8', [8, channels, 1, 1], codes));
    const zeroPoints = net.g.constant(
      Array.from({ length: 8 }, () => net.integer(-9, 9)),
      'int8',
    );
    const weight = net.op('DequantizeLinear', [stored, net.weight([8], 0.01, true), zeroPoints], { axis: 0 });
    return to(image, net.op('Relu', [net.op('Conv', [x, weight, net.weight([8])])]), 8);
  },
  sharedWeights(net, image) {
    const { x, channels } = image;
    const weight = net.weight([channels, channels, 1, 1], 0.3);
    const once = net.op('Relu', [net.op('Conv', [x, weight])]);
    return to(image, net.op('Relu', [net.op('Conv', [once, weight])]));
  },
  branches(net, image) {
    const { x, channels } = image;
    const parts = [1, 3].map((kernel) => net.activation(net.conv(x, channels, 4, kernel)));
    return to(image, net.op('Concat', [...parts, x], { axis: 1 }), channels + 8);
  },
};
