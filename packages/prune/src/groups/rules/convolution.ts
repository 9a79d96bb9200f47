import type { Value } from '@gossamer/graph';
import { blockMap, indexMap, periodicMap } from '../element-maps.js';
import type { NodeAxes, Way } from '../node-axes.js';
import { defineGroupRule } from '../rule.js';

/**
 * Conv and ConvTranspose: weight axes by channels. With groups there are two ways: whole groups (depthwise convolutions have no other), or
 * the same number from each group, places within it alike.
 */
export const convolution = defineGroupRule({
  ops: ['Conv', 'ConvTranspose'],
  tie(axes) {
    const { node } = axes;
    const [x, weight, bias] = node.inputs;
    if (!x || !weight || axes.rank(x) < 3) return;
    const isTransposed = node.op === 'ConvTranspose';
    const groups = node.int('group', 1);
    const y = node.output;
    axes.kind(y, 1, 'channel');
    if (bias) {
      axes.tie(bias, 0, y, 1);
      axes.masks(bias, 0);
    }
    // What the weight's axes are: ConvTranspose has [input, output / groups, ...].
    const [inAxis, outAxis] = isTransposed ? [0, 1] : [1, 0];
    // A depthwise ConvTranspose has its outputs on the axis of inputs.
    axes.masks(weight, isTransposed && groups > 1 && axes.length(weight, 1) === 1 ? 0 : outAxis);
    if (groups === 1) {
      axes.tie(x, 1, weight, inAxis);
      axes.tie(weight, outAxis, y, 1);
    } else tieGroups(axes, { x, weight, y, groups, wide: 0, narrow: 1, isTransposed });
    for (const value of [x, y]) tieBatch(axes, value, x);
  },
});

/** The batch is not pruned, but it is no obstacle. */
function tieBatch(axes: NodeAxes, value: Value, x: Value): void {
  if (value !== x) axes.tie(value, 0, x, 0);
}

interface Grouped {
  readonly x: Value;
  readonly weight: Value;
  readonly y: Value;
  readonly groups: number;
  /** The weight's axis with all channels of one side, and the one with those of the other side in a group. */
  readonly wide: number;
  readonly narrow: number;
  readonly isTransposed: boolean;
}

function tieGroups(axes: NodeAxes, { x, weight, y, groups, wide, narrow, isTransposed }: Grouped): void {
  // `all` is tied to the wide axis element by element, `part` to the narrow one.
  const [all, part] = isTransposed ? [x, y] : [y, x];
  const [count, inner] = [axes.length(all, 1), axes.length(weight, narrow)];
  if (!count || !inner || count % groups !== 0 || axes.length(part, 1) !== inner * groups) return;
  axes.tie(all, 1, weight, wide);
  const size = count / groups;
  const within = { a: weight, aAxis: narrow, b: part, bAxis: 1, map: () => periodicMap(inner * groups, inner) };
  const ways: Way[] = [];
  if (inner > 1 || size > 1) {
    // All channels at one place of their group go together.
    const places = { a: all, aAxis: 1, b: all, bAxis: 1, map: () => indexMap(count, (i) => i % size) };
    ways.push({ ties: [within, places], frozen: [] });
  }
  // Both sides of a group: the first element of the block on one side with all of both.
  const sides = [
    { a: all, aAxis: 1, b: all, bAxis: 1, map: () => indexMap(count, (i) => Math.floor(i / size) * size) },
    { a: all, aAxis: 1, b: part, bAxis: 1, map: () => spread(blockMap(groups, inner), size) },
  ];
  ways.push({ ties: sides, frozen: [[weight, narrow]] });
  if (inner === 1) ways.reverse();
  axes.choose(ways);
}

const spread = ({ from, to }: { from: Int32Array; to: Int32Array }, size: number) => ({
  from: from.map((i) => i * size),
  to,
});
