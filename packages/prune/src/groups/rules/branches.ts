import { defineGroupRule } from '../rule.js';

/** If: what its branches give out shrinks with its output where all have it as long; else it stays. */
export const branches = defineGroupRule({
  ops: ['If'],
  tie(axes) {
    const { node } = axes;
    const bodies = node.subgraphs();
    bodies[0]?.outputs.forEach((_, i) => {
      const output = node.outputs[i];
      const inner = bodies.flatMap(({ outputs }) => outputs[i] ?? []);
      const isAlike = (axis: number) => {
        const length = output && axes.length(output, axis);
        return (
          length !== undefined &&
          inner.every((value) => axes.rank(value) === axes.rank(output!) && axes.length(value, axis) === length)
        );
      };
      for (const value of inner) {
        for (let axis = 0; axis < axes.rank(value); axis++) {
          if (isAlike(axis)) axes.tie(value, axis, output!, axis);
          else axes.freeze(value, axis);
        }
      }
    });
  },
});
