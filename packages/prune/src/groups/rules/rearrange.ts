import { indexMap } from '../element-maps.js';
import { defineGroupRule } from '../rule.js';

/** DepthToSpace: an output channel is made of blocksize² input channels; DCR has them a stretch apart, CRD side by side. */
export const depthToSpace = defineGroupRule({
  ops: ['DepthToSpace'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    const count = x && axes.length(x, 1);
    const outputs = axes.length(node.output, 1);
    if (!x || !count || !outputs) return;
    const isSideBySide = node.string('mode', 'DCR') === 'CRD';
    const size = count / outputs;
    axes.tie(x, 0, node.output, 0);
    axes.tieBy(
      node.output,
      1,
      x,
      1,
      indexMap(count, (i) => (isSideBySide ? Math.floor(i / size) : i % outputs)),
    );
  },
});

/** SpaceToDepth: blocksize² output channels, a stretch apart, come from one input channel. */
export const spaceToDepth = defineGroupRule({
  ops: ['SpaceToDepth'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    const inputs = x && axes.length(x, 1);
    const count = axes.length(node.output, 1);
    if (!x || !inputs || !count) return;
    axes.tie(x, 0, node.output, 0);
    axes.tieBy(
      x,
      1,
      node.output,
      1,
      indexMap(count, (i) => i % inputs),
    );
  },
});
