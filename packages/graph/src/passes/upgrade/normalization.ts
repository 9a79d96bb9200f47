import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

function batchNorm9(node: Node, step: UpgradeStep): void {
  if (node.int('spatial', 1) !== 1) step.refuse('statistics for each activation (spatial = 0)');
  step.drop('spatial');
}

/** Until opset 13 more outputs asked for training, and there were four of them. */
function batchNorm14(node: Node, step: UpgradeStep): void {
  if (node.outputs.some((value, index) => index > 0 && value)) step.refuse('training outputs');
}

/** Scale and bias held one element a group, then one a channel. */
function groupNorm21(node: Node, step: UpgradeStep): void {
  const groups = node.int('num_groups', undefined) ?? step.refuse('no num_groups');
  const channels = step.size(1) ?? step.refuse('an unknown number of channels');
  for (const [index, name] of [
    [1, 'scale'],
    [2, 'bias'],
  ] as const) {
    const tensor = node.input(index)?.constant ?? step.refuse(`a ${name} that is not constant`);
    const values = tensor.toFloat64();
    const perGroup = channels / groups;
    const repeated = Float64Array.from({ length: channels }, (_, channel) => values[Math.floor(channel / perGroup)]!);
    node.graph.setInput(node, index, step.constant(name, Tensor.fromNumbers(tensor.dtype, [channels], repeated)));
  }
}

export const normalizationAdapters: readonly Adapter[] = [
  defineAdapter('BatchNormalization', 9, batchNorm9),
  defineAdapter('BatchNormalization', 14, batchNorm14),
  defineAdapter('GroupNormalization', 21, groupNorm21),
];
