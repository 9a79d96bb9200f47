import { GraphBuilder } from '../builder.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { attention, embed, feedForward } from './attention.js';
import { layerNorm, linear, type Net } from './layers.js';
import { seededWeights } from './weights.js';

export interface EncoderDecoderOptions {
  readonly seed?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  readonly vocabulary?: number;
  /** Most tokens of a text. Default 512. */
  readonly context?: number;
}

type Sizes = Required<Omit<EncoderDecoderOptions, 'seed'>>;

/**
 * A translator in two models, as they are exported for token-by-token generation. Pre-LN transformers; the defaults have 6 layers of
 * width 512 each, 8 heads, a vocabulary of 32,000.
 *
 * - encoder: input_ids int64 [n, source] -> hidden [n, source, width].
 * - decoder: tokens int64 [n, t], hidden, and of each layer past.i.key and past.i.value [n, heads, past, width / heads]; -> logits
 *   [n, t, vocabulary] and present.i.key and present.i.value [n, heads, past + t, width / heads]. The cache is stated as state,
 *   empty at first (n = 1).
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.
 */
export function encoderDecoder(options: EncoderDecoderOptions = {}): { encoder: Model; decoder: Model } {
  const { seed = 0, ...given } = options;
  const sizes = { layers: 6, width: 512, heads: 8, vocabulary: 32_000, context: 512, ...given };
  return { encoder: encoder(seed, sizes), decoder: decoder(seed + 1, sizes) };
}

function encoder(seed: number, { layers, width, heads, vocabulary, context }: Sizes): Model {
  const net = { g: new GraphBuilder('encoder'), init: seededWeights(seed) };
  const ids = net.g.input('input_ids', 'int64', ['n', 'source']);
  const first = net.g.constant(0);
  const length = dimOf(net, ids, 1);
  let x = net.g.op('Add', [
    embed(net, ids, 'embedding', vocabulary, width),
    embed(net, range(net, first, length), 'positions', context, width),
  ]);
  for (let i = 0; i < layers; i++) {
    const name = `layer.${i}`;
    const normed = layerNorm(net, x, `${name}.norm1`, width, 1e-5);
    x = net.g.op('Add', [x, attention(net, normed, `${name}.attention`, { width, heads, context: 0 })]);
    x = net.g.op('Add', [x, feedForward(net, layerNorm(net, x, `${name}.norm2`, width, 1e-5), name, width)]);
  }
  const hidden = layerNorm(net, x, 'norm', width, 1e-5);
  return net.g.output(hidden, 'hidden', 'float32', ['n', 'source', width]).model();
}

function decoder(seed: number, sizes: Sizes): Model {
  const { layers, width, heads, vocabulary, context } = sizes;
  const net = { g: new GraphBuilder('decoder'), init: seededWeights(seed) };
  const tokens = net.g.input('tokens', 'int64', ['n', 't']);
  const hidden = net.g.input('hidden', 'float32', ['n', 'source', width]);
  const caches = Array.from({ length: layers }, (_, i) =>
    ['key', 'value'].map((part) => net.g.input(`past.${i}.${part}`, 'float32', ['n', heads, 'past', width / heads])),
  ) as [Value, Value][];
  const past = dimOf(net, caches[0]![0], 2);
  const queries = range(net, past, net.g.op('Add', [past, dimOf(net, tokens, 1)]));
  const mask = causalMask(net, queries);
  let x = net.g.op('Add', [
    embed(net, tokens, 'embedding', vocabulary, width),
    embed(net, queries, 'positions', context, width),
  ]);
  const present: [Value, Value][] = [];
  for (let i = 0; i < layers; i++) {
    const name = `layer.${i}`;
    const own = layerNorm(net, x, `${name}.norm1`, width, 1e-5);
    const self = attend(net, `${name}.self`, own, own, sizes, { past: caches[i]!, mask });
    present.push(self.keys);
    x = net.g.op('Add', [x, self.mixed]);
    const query = layerNorm(net, x, `${name}.norm2`, width, 1e-5);
    x = net.g.op('Add', [x, attend(net, `${name}.cross`, query, hidden, sizes, {}).mixed]);
    x = net.g.op('Add', [x, feedForward(net, layerNorm(net, x, `${name}.norm3`, width, 1e-5), name, width)]);
  }
  const head = net.g.weight('head.weight', [width, vocabulary], net.init.normal(width * vocabulary, 0.02));
  const logits = net.g.op('MatMul', [layerNorm(net, x, 'norm', width, 1e-5), head], {}, { name: 'head' });
  net.g.output(logits, 'logits', 'float32', ['n', 't', vocabulary]);
  const empty = Tensor.of('float32', [1, heads, 0, width / heads], new Float32Array(0));
  present.forEach((pair, i) => {
    pair.forEach((value, part) => {
      net.g.output(value, `present.${i}.${part === 0 ? 'key' : 'value'}`, 'float32', [
        'n',
        heads,
        'total',
        width / heads,
      ]);
      net.g.graph.linkState(caches[i]![part]!, value, empty);
    });
  });
  return net.g.model();
}

interface Memory {
  /** Keys and values of earlier tokens, put before those of this call. */
  readonly past?: readonly [Value, Value];
  /** Added to the scores. */
  readonly mask?: Value;
}

/** Multi-head attention of `x` [n, t, width] on `source` [n, s, width]; also the keys and values it saw. */
function attend(
  net: Net,
  name: string,
  x: Value,
  source: Value,
  { width, heads }: Sizes,
  { past, mask }: Memory,
): { mixed: Value; keys: [Value, Value] } {
  const size = width / heads;
  const split = (from: Value, part: string) => {
    const shape = net.g.constant([0, 0, heads, size]);
    const parted = net.g.op('Reshape', [linear(net, from, `${name}.${part}`, width, width), shape]);
    return net.g.op('Transpose', [parted], { perm: [0, 2, 1, 3] });
  };
  const extended = (value: Value, index: 0 | 1) =>
    past ? net.g.op('Concat', [past[index], value], { axis: 2 }) : value;
  const query = split(x, 'query');
  const key = extended(split(source, 'key'), 0);
  const value = extended(split(source, 'value'), 1);
  const raw = net.g.op('MatMul', [query, net.g.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const scaled = net.g.op('Mul', [raw, net.g.constant(1 / Math.sqrt(size), 'float32')]);
  const weights = net.g.op('Softmax', [mask ? net.g.op('Add', [scaled, mask]) : scaled], { axis: -1 });
  const merged = net.g.op('Transpose', [net.g.op('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
  const joined = net.g.op('Reshape', [merged, net.g.constant([0, 0, width])]);
  return { mixed: linear(net, joined, `${name}.output`, width, width), keys: [key, value] };
}

/** [t, past + t]: 0 where the key is no later than the query, else -1e9. `queries` are the positions of this call's tokens. */
function causalMask(net: Net, queries: Value): Value {
  const last = net.g.op('ReduceMax', [queries], { keepdims: 0 });
  const keys = range(net, net.g.constant(0), net.g.op('Add', [last, net.g.constant(1)]));
  const rows = net.g.op('Unsqueeze', [queries, net.g.constant([1])]);
  const isLater = net.g.op('Greater', [keys, rows]);
  return net.g.op('Where', [isLater, net.g.constant(-1e9, 'float32'), net.g.constant(0, 'float32')]);
}

const dimOf = (net: Net, value: Value, axis: number): Value =>
  net.g.op('Gather', [net.g.op('Shape', [value]), net.g.constant(axis)], { axis: 0 });

const range = (net: Net, start: Value, limit: Value): Value => net.g.op('Range', [start, limit, net.g.constant(1)]);
