import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';

export const epsilonOf = (node: Node, standard = 1e-5): number => node.float('epsilon', Math.fround(standard));

/** x standardised over the axes from `axis` on, scaled and shifted by tensors that broadcast, with mean and 1 / deviation. */
export function standardised(
  g: Emitter,
  x: Value,
  axis: number,
  epsilon: number,
  scale?: Value,
  bias?: Value,
): readonly [Value, Value, Value] {
  const rank = g.rank(x);
  const first = axis < 0 ? axis + rank : axis;
  const inner = g.shape(x).slice(first);
  const count = inner.reduce((a, b) => a * b, 1);
  const attributes: Attributes = { axis: first, epsilon: attribute.float(epsilon) };
  const isWhole = (vector: Value | undefined) => !vector || g.shape(vector).join() === inner.join();
  const normalize = (inputs: readonly (Value | undefined)[]) =>
    g.ops('LayerNormalization', inputs, attributes, { outputs: 3 }) as [Value, Value, Value];
  if (scale && isWhole(scale) && isWhole(bias)) return normalize(bias ? [x, scale, bias] : [x, scale]);
  const ones = g.tensor(Tensor.of('float32', inner, new Float32Array(count).fill(1)), 'ones');
  const [y, mean, invStd] = normalize([x, ones]);
  const scaled = scale ? g.mul(y, scale) : y;
  return [bias ? g.add(scaled, bias) : scaled, mean, invStd];
}

/** With all three outputs, which its gradient reads; a scale or a bias that is broadcast is applied behind it. */
export const layerNormalizationLowering = defineLowering({
  op: 'LayerNormalization',
  lower(g, node, inputs) {
    const [x, scale, bias] = inputs;
    return standardised(g, x!, node.int('axis', -1), epsilonOf(node), scale, bias);
  },
});
