import type { Value } from '@gossamer/graph';
import type { RandomNet } from './random-net.js';

/** [n, length, width] -> the same, by multi-head attention with a residual; heads share keys by pairs at times. */
export function attentionBlock(net: RandomNet, x: Value, width: number, length: number): Value {
  const heads = net.pick([2, 4]);
  const size = net.pick([3, 4]);
  const isShared = net.random() < 0.3;
  const isNormed = net.random() < 0.5;
  const source = isNormed ? net.op('LayerNormalization', [x, net.weight([width]), net.weight([width])]) : x;
  const parted = (count: number, perm: readonly number[]) => {
    const target = net.g.constant([0, length, count, size]);
    return net.op('Transpose', [net.op('Reshape', [net.linear(source, width, count * size), target])], {
      perm: [...perm],
    });
  };
  const repeated = (value: Value, inner: readonly number[]) => {
    if (!isShared) return value;
    // Grouped queries: each head of keys and values is read by two.
    const wide = net.op('Expand', [net.op('Unsqueeze', [value, net.g.constant([2])]), net.g.constant([1, 1, 2, 1, 1])]);
    return net.op('Reshape', [wide, net.g.constant([0, heads, ...inner])]);
  };
  const kept = isShared ? heads / 2 : heads;
  const query = parted(heads, [0, 2, 1, 3]);
  const key = repeated(parted(kept, [0, 2, 3, 1]), [size, length]);
  const value = repeated(parted(kept, [0, 2, 1, 3]), [length, size]);
  const scores = net.op('Mul', [net.op('MatMul', [query, key]), net.g.constant(1 / Math.sqrt(size), 'float32')]);
  const masked = net.random() < 0.5 ? net.op('Add', [scores, net.weight([length, length])]) : scores;
  const mixed = net.op('MatMul', [net.op('Softmax', [masked], { axis: -1 }), value]);
  const merged = net.op('Reshape', [
    net.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    net.g.constant([0, length, heads * size]),
  ]);
  return net.op('Add', [x, net.linear(merged, heads * size, width)]);
}

export function feedForwardBlock(net: RandomNet, x: Value, width: number): Value {
  const inner = net.pick([12, 24]);
  if (net.random() < 0.5)
    return net.op('Add', [x, net.linear(net.activation(net.linear(x, width, inner)), inner, width)]);
  // Gated, both halves from one product.
  const [gate, up] = net.ops('Split', 2, [net.linear(x, width, 2 * inner)], { axis: -1 });
  const product = net.op('Mul', [net.op('Mul', [gate!, net.op('Sigmoid', [gate!])]), up!]);
  return net.op('Add', [x, net.linear(product, inner, width)]);
}

/** LSTM, GRU or RNN in one or both directions, with or without bias; the widths of its outputs are brought back by a linear layer. */
export function recurrentBlock(net: RandomNet, x: Value, width: number, length: number): Value {
  const op = net.pick(['LSTM', 'GRU', 'RNN']);
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]!;
  const directions = net.pick([1, 2]);
  const hidden = net.integer(3, 6);
  const inputs: (Value | undefined)[] = [
    net.op('Transpose', [x], { perm: [1, 0, 2] }),
    net.weight([directions, gates * hidden, width], 0.5),
    net.weight([directions, gates * hidden, hidden], 0.5),
  ];
  if (net.random() < 0.7) inputs.push(net.weight([directions, 2 * gates * hidden], 0.5));
  if (op === 'LSTM' && inputs.length === 4 && net.random() < 0.5) {
    inputs.push(undefined, undefined, undefined, net.weight([directions, 3 * hidden], 0.5));
  }
  const attributes = {
    hidden_size: hidden,
    direction: directions === 2 ? 'bidirectional' : net.pick(['forward', 'reverse']),
    ...(op === 'GRU' ? { linear_before_reset: net.integer(0, 1) } : {}),
  };
  const y = net.op(op, inputs, attributes);
  const turned = net.op('Transpose', [y], { perm: [2, 0, 1, 3] });
  const joined = net.op('Reshape', [turned, net.g.constant([0, length, directions * hidden])]);
  return net.op('Add', [x, net.linear(joined, directions * hidden, width)]);
}
