import { scatterAdd } from '../emit/scatter-add.js';
import { product } from './convolution.js';
import { defineFunction } from './train-function.js';

/** dx: zeros of what was gathered from, with dy added where it came from, in the order of the indices. */
export const gatherGrad = defineFunction({
  name: 'GatherGrad',
  body(g, node, inputs) {
    const [dy, indices] = [inputs[0]!, inputs[1]!];
    const [shape, rank] = [g.shape(dy), g.rank(indices)];
    const outer = shape.length - rank;
    const given = node.int('axis', 0);
    const axis = given < 0 ? given + outer + 1 : given;
    const size = node.int('size', 0);
    const axes = shape.map((_, i) => i);
    const [before, picked, after] = [axes.slice(0, axis), axes.slice(axis, axis + rank), axes.slice(axis + rank)];
    const rest = [...before, ...after].map((i) => shape[i]!);
    const count = product(g.shape(indices));
    const rows = g.reshape(g.transpose(dy, [...picked, ...before, ...after]), [count, product(rest)]);
    const sums = g.reshape(scatterAdd(g, g.reshape(indices, [count]), rows, size), [size, ...rest]);
    // The gathered axis back to its place.
    const order = rest.map((_, i) => i + 1);
    order.splice(axis, 0, 0);
    return [g.transpose(sums, order)];
  },
});
