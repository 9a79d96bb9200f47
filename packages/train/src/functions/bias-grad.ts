import { defineFunction } from './train-function.js';

/** db = dy summed over all axes but `axis`. */
export const biasGrad = defineFunction({
  name: 'BiasGrad',
  body(g, node, inputs) {
    const dy = inputs[0]!;
    const rank = g.rank(dy);
    const kept = (node.int('axis', 1) + rank) % rank;
    return [
      g.sum(
        dy,
        g.shape(dy).flatMap((_, axis) => (axis === kept ? [] : [axis])),
      ),
    ];
  },
});
