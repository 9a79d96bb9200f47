import { defineGradient } from './gradient-rule.js';

/** The copies' gradients summed. */
export const tileGradient = defineGradient({
  op: 'Tile',
  gradient({ g, x, dy }) {
    const shape = g.shape(x);
    const copies = g.shape(dy).map((size, axis) => (shape[axis] === 0 ? 0 : size / shape[axis]!));
    const repeated = shape.map((_, axis) => axis).filter((axis) => copies[axis] !== 1);
    if (repeated.length === 0) return [dy];
    const split = g.reshape(
      dy,
      shape.flatMap((size, axis) => [copies[axis]!, size]),
    );
    return [
      g.reshape(
        g.sum(
          split,
          repeated.map((axis) => 2 * axis),
        ),
        shape,
      ),
    ];
  },
});
