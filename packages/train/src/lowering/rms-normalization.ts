import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { epsilonOf } from './layer-normalization.js';
import { defineLowering } from './lowering.js';

/** x / sqrt(mean(x^2) + epsilon) * scale, the mean over the axes from `axis` on, and 1 / sqrt(...). */
export function rmsNormalized(g: Emitter, x: Value, scale: Value, axis: number, epsilon: number): [Value, Value] {
  const rank = g.rank(x);
  const first = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const power = g.add(g.mean(g.mul(x, x), axes, 1), g.constant(epsilon, g.dtype(x)));
  const inverse = g.op('Reciprocal', [g.op('Sqrt', [power])]);
  return [g.mul(g.mul(x, inverse), scale), inverse];
}

/** The standard's, and the name ONNX Runtime gives it; its second output is 1 / deviation. */
export const rmsNormalizationLowering = defineLowering({
  op: ['RMSNormalization', 'SimplifiedLayerNormalization'],
  lower: (g, node, inputs) => rmsNormalized(g, inputs[0]!, inputs[1]!, node.int('axis', -1), epsilonOf(node)),
});
