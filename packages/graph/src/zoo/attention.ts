import type { Value } from '../ir/value.js';
import { gelu, linear, type Net } from './layers.js';

/** Sizes of multi-head attention. */
export interface HeadShape {
  readonly width: number;
  readonly heads: number;
  /** Tokens in one sequence; 0: as many as come. */
  readonly context: number;
}

/** Rows of a table [vocabulary, width] by token id. */
export function embed(net: Net, ids: Value, name: string, vocabulary: number, width: number): Value {
  const table = net.g.weight(`${name}.weight`, [vocabulary, width], net.init.normal(vocabulary * width, 0.02));
  return net.g.op('Gather', [table, ids], { axis: 0 }, { name });
}

/** Multi-head self-attention from plain operators; `mask` is added to the scores. */
export function attention(net: Net, x: Value, name: string, { width, heads, context }: HeadShape, mask?: Value): Value {
  const size = width / heads;
  const split = (part: string, perm: readonly number[]) => {
    const target = net.g.constant([0, context, heads, size]);
    return net.g.op('Transpose', [net.g.op('Reshape', [linear(net, x, `${name}.${part}`, width, width), target])], {
      perm,
    });
  };
  const query = split('query', [0, 2, 1, 3]);
  const key = split('key', [0, 2, 3, 1]);
  const value = split('value', [0, 2, 1, 3]);
  const raw = net.g.op('MatMul', [query, key], {}, { name: `${name}.scores` });
  const scaled = net.g.op('Mul', [raw, net.g.constant(1 / Math.sqrt(size), 'float32')]);
  const weights = net.g.op('Softmax', [mask ? net.g.op('Add', [scaled, mask]) : scaled], { axis: -1 });
  const mixed = net.g.op('MatMul', [weights, value], {}, { name: `${name}.mix` });
  const merged = net.g.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return linear(
    net,
    net.g.op('Reshape', [merged, net.g.constant([0, context, width])]),
    `${name}.output`,
    width,
    width,
  );
}

/** Two layers with an exact GELU between, four times as wide inside. */
export function feedForward(net: Net, x: Value, name: string, width: number): Value {
  return linear(net, gelu(net, linear(net, x, `${name}.up`, width, 4 * width)), `${name}.down`, 4 * width, width);
}
