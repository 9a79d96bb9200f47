import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
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
    const value = node.input(index) ?? step.refuse(`no ${name}`);
    const perGroup = channels / groups;
    node.graph.setInput(node, index, repeatEach(value, perGroup, name, step));
  }
}

/** Every element `count` times. */
function repeatEach(value: Value, count: number, name: string, step: UpgradeStep): Value {
  if (value.constant) {
    const { dtype, length } = value.constant;
    const values = value.constant.toFloat64();
    const repeated = Float64Array.from({ length: length * count }, (_, i) => values[Math.floor(i / count)]!);
    return step.constant(name, Tensor.fromNumbers(dtype, [length * count], repeated));
  }
  const column = step.operator('Reshape', `${name}_column`, [value, step.integers(`${name}_open`, [-1, 1])]);
  const rows = step.operator('Expand', `${name}_rows`, [column, step.integers(`${name}_size`, [1, count])]);
  return step.operator('Reshape', name, [rows, step.integers(`${name}_flat`, [-1])]);
}

export const normalizationAdapters: readonly Adapter[] = [
  defineAdapter('BatchNormalization', 9, batchNorm9),
  defineAdapter('BatchNormalization', 14, batchNorm14),
  defineAdapter('GroupNormalization', 21, groupNorm21),
];
