import { type Model, Tensor, type Value } from '@gossamer/graph';
import { noise } from './check-removal.js';
import { IMAGE_BLOCKS, type Image } from './image-blocks.js';
import type { Feeds } from '@gossamer/runtime';
import { RandomNet } from './random-net.js';
import { attentionBlock, feedForwardBlock, recurrentBlock } from './sequence-blocks.js';

export interface Architecture {
  readonly name: string;
  readonly model: Model;
  readonly feeds: Feeds;
}

const SIZE = 8;
const NAMES = Object.keys(IMAGE_BLOCKS);

/** A network of random blocks with random weights: images for three seeds of four, sequences for the fourth. Each image block comes up by turns. */
export function randomArchitecture(seed: number): Architecture {
  return seed % 4 === 3 ? sequenceNetwork(seed) : imageNetwork(seed);
}

function imageNetwork(seed: number): Architecture {
  const net = new RandomNet(seed);
  const input = net.g.input('input', 'float32', [1, 3, SIZE, SIZE]);
  const channels = 8 * net.integer(1, 2);
  let image: Image = { x: net.zeroActivation(net.conv(input, 3, channels, 3)), channels, size: SIZE };
  const names = [NAMES[(seed - Math.floor(seed / 4)) % NAMES.length]!];
  for (let i = net.integer(0, 3); i > 0; i--) names.push(net.pick(NAMES));
  for (const name of names) {
    image = IMAGE_BLOCKS[name]!(net, image);
    // A mixing layer keeps widths small and blocks apart; without it their groups run together.
    if (net.random() < 0.6)
      image = { ...image, x: net.op('Relu', [net.conv(image.x, image.channels, 8)]), channels: 8 };
  }
  net.g.output(head(net, image), 'output');
  return { name: names.join(' > '), model: net.g.model(), feeds: { input: noise([1, 3, SIZE, SIZE], seed) } };
}

/** Flatten or pooling, then Gemm layers. */
function head(net: RandomNet, { x, channels, size }: Image): Value {
  const isPooled = net.random() < 0.5;
  const features = isPooled ? channels : channels * size * size;
  const flat = isPooled
    ? net.op(net.pick(['Flatten', 'Squeeze']), [net.op('GlobalAveragePool', [x])])
    : net.pick([
        () => net.op('Flatten', [x], { axis: 1 }),
        () => net.op('Reshape', [x, net.g.constant([1, net.pick([-1, features])])]),
      ])();
  const rows = flat.producer!.op === 'Squeeze' ? net.op('Unsqueeze', [flat, net.g.constant([0])]) : flat;
  const transB = net.integer(0, 1);
  const dense = (from: number, to: number) => net.weight(transB === 1 ? [to, from] : [from, to], Math.sqrt(3 / from));
  const hidden = net.op('Gemm', [rows, dense(features, 12), net.weight(net.pick([[12], [1, 12]]))], {
    transB,
    alpha: 0.5,
  });
  return net.op('Gemm', [net.activation(hidden), dense(12, 5), net.weight([5])], { transB });
}

function sequenceNetwork(seed: number): Architecture {
  const net = new RandomNet(seed);
  const [width, vocabulary, length] = [16, 20, 5];
  const tokens = net.g.input('tokens', 'int64', ['n', length]);
  const table = net.weight([vocabulary, width]);
  let x = net.op('Gather', [table, tokens]);
  if (net.random() < 0.5) x = net.op('Add', [x, net.weight([1, length, width])]);
  const names: string[] = [];
  for (let i = net.integer(1, 3); i > 0; i--) {
    const [name, block] = net.pick([
      ['attention', attentionBlock],
      ['feedForward', feedForwardBlock],
      ['recurrent', recurrentBlock],
    ] as const);
    names.push(name);
    x = block(net, x, width, length);
  }
  // A head of its own, or the table again.
  const isTied = net.random() < 0.4;
  const weight = isTied ? net.op('Transpose', [table], { perm: [1, 0] }) : net.weight([width, 7]);
  net.g.output(net.op('MatMul', [x, weight]), 'output');
  const ids = Array.from({ length: 2 * length }, () => net.integer(0, vocabulary - 1));
  const feeds = { tokens: Tensor.fromNumbers('int64', [2, length], ids) };
  return { name: [...names, isTied ? 'tied' : 'head'].join(' > '), model: net.g.model(), feeds };
}
