import type { Node, Value } from '@gossamer/graph';
import { channelVector } from '../emit/channel-vector.js';
import type { Emitter } from '../emit/emitter.js';
import { epsilonOf, standardised } from './layer-normalization.js';
import { defineLowering } from './lowering.js';

/** Each group of channels of each sample standardised over all its elements, then scale and bias by channel. */
function byGroups(g: Emitter, node: Node, inputs: readonly (Value | undefined)[], groups: number): readonly [Value] {
  const [x, scale, bias] = inputs as [Value, Value, Value];
  const shape = g.shape(x);
  const rows = g.reshape(x, [shape[0]!, groups, g.size(x) / (shape[0]! * groups)]);
  const y = g.reshape(standardised(g, rows, 2, epsilonOf(node))[0], shape);
  const wide = (vector: Value) => channelVector(g, vector, shape.length);
  return [g.add(g.mul(y, wide(scale)), wide(bias))];
}

/** Scale and bias are [C], as since opset 21. */
export const groupNormalizationLowering = defineLowering({
  op: 'GroupNormalization',
  lower: (g, node, inputs) => byGroups(g, node, inputs, node.int('num_groups', 1)),
});

/** Every channel is a group of its own. */
export const instanceNormalizationLowering = defineLowering({
  op: 'InstanceNormalization',
  lower: (g, node, inputs) => byGroups(g, node, inputs, g.shape(inputs[0]!)[1]!),
});
