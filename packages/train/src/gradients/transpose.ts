import { defineGradient } from './gradient-rule.js';

/** Back by the inverse permutation. */
export const transposeGradient = defineGradient({
  op: 'Transpose',
  gradient({ g, node, x, dy }) {
    const axes = g.shape(x).map((_, axis) => axis);
    const perm = node.ints('perm', [...axes].reverse());
    return [
      g.transpose(
        dy,
        axes.map((axis) => perm.indexOf(axis)),
      ),
    ];
  },
});
