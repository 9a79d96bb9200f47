import { blockMap } from '../element-maps.js';
import { defineGroupRule } from '../rule.js';

/** Normalisation with statistics of its own for each channel: the parameters go with it. */
export const channelNormalization = defineGroupRule({
  ops: ['BatchNormalization', 'InstanceNormalization'],
  tie(axes) {
    const { node } = axes;
    const [x, ...parameters] = node.inputs;
    // Scale and bias are not optional.
    if (
      !x ||
      !parameters[0] ||
      !parameters[1] ||
      node.int('training_mode', 0) !== 0 ||
      node.outputs.length > 1 ||
      axes.rank(x) < 2
    )
      return;
    axes.tie(x, 0, node.output, 0);
    axes.tie(x, 1, node.output, 1);
    // Scale and bias alone make the output 0; mean and variance may stay.
    parameters.forEach((value, slot) => {
      if (!value) return;
      axes.tie(value, 0, x, 1);
      if (slot < 2) axes.masks(value, 0);
    });
    axes.kind(node.output, 1, 'channel');
    if (node.op === 'BatchNormalization')
      for (let axis = 2; axis < axes.rank(x); axis++) axes.tie(x, axis, node.output, axis);
  },
});

/** GroupNormalization: whole groups, which have statistics of their own. Before opset 21 scale and bias have an element a group. */
export const groupNormalization = defineGroupRule({
  ops: ['GroupNormalization'],
  tie(axes) {
    const { node } = axes;
    const [x, scale, bias] = node.inputs;
    const groups = node.int('num_groups', 1);
    const channels = x && axes.length(x, 1);
    if (!x || !scale || !bias || channels === undefined || channels % groups !== 0) return;
    const size = channels / groups;
    axes.tie(x, 0, node.output, 0);
    axes.tie(x, 1, node.output, 1);
    const isPerGroup = axes.length(scale, 0) === groups && axes.opset < 21;
    for (const value of [scale, bias]) {
      if (isPerGroup) axes.tieBy(value, 0, x, 1, blockMap(groups, size));
      else axes.tie(value, 0, x, 1);
      axes.masks(value, 0);
    }
    const { from, to } = blockMap(groups, size);
    axes.tieBy(x, 1, x, 1, { from: from.map((i) => i * size), to });
  },
});

/** Normalisation over features: the statistics are of all of them, so that they stay, or go with a warning. */
export const featureNormalization = defineGroupRule({
  ops: [
    'LayerNormalization',
    'RMSNormalization',
    'SimplifiedLayerNormalization',
    'com.microsoft::SimplifiedLayerNormalization',
  ],
  tie(axes) {
    const { node } = axes;
    const [x, ...parameters] = node.inputs;
    if (!x || node.outputs.slice(1).some((value) => value)) return;
    const y = node.output;
    const first = axes.axis(x, node.int('axis', -1));
    for (let axis = 0; axis < axes.rank(x); axis++) {
      if (axis >= first && !axes.allowInexact) continue;
      axes.tie(x, axis, y, axis);
      if (axis < first) continue;
      axes.inexact(x, axis);
      for (const value of parameters) {
        if (!value) continue;
        axes.tie(value, axis - first, x, axis);
        axes.masks(value, axis - first);
      }
    }
  },
});
