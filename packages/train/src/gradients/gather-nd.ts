import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { scatterAdd } from '../emit/scatter-add.js';
import { product } from '../functions/convolution.js';
import { defineGradient } from './gradient-rule.js';

/** The row of x [rows, width] that each tuple of indices means: batch axes counted along, negative indices from the end. */
function rowsOf(g: Emitter, node: Node, shape: readonly number[]): Value {
  const indices = node.inputs[1]!;
  const batchDims = node.int('batch_dims', 0);
  const dims = g.shape(indices);
  const [tuples, depth] = [product(dims.slice(0, -1)), dims.at(-1)!];
  const flat = g.reshape(indices, [tuples, depth]);
  const sizes = g.constant(shape.slice(batchDims, batchDims + depth), 'int64');
  const counted = g.where(g.op('Less', [flat, g.int64(0)]), g.add(flat, sizes), flat);
  const strides = Array.from({ length: depth }, (_, i) => product(shape.slice(batchDims + i + 1, batchDims + depth)));
  const inside = g.sum(g.mul(counted, g.int64(strides)), [1]);
  if (batchDims === 0) return inside;
  const perItem = product(dims.slice(batchDims, -1));
  const rows = product(shape.slice(batchDims, batchDims + depth));
  const starts = Array.from({ length: tuples }, (_, i) => Math.floor(i / perItem) * rows);
  return g.add(inside, g.int64(starts));
}

/** Each slice is added where it came from. */
export const gatherNdGradient = defineGradient({
  op: 'GatherND',
  gradient({ g, node, inputs, x, dy }) {
    const shape = g.shape(x);
    const indices = g.shape(inputs[1]!);
    const indexed = node.int('batch_dims', 0) + indices.at(-1)!;
    const [count, width] = [product(shape.slice(0, indexed)), product(shape.slice(indexed))];
    const updates = g.reshape(dy, [product(indices.slice(0, -1)), width]);
    return [g.reshape(scatterAdd(g, rowsOf(g, node, shape), updates, count), shape)];
  },
});
