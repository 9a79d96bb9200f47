import { addDims, type Dim, divideDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { normaliseAxis, numbersOf } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { sliceData } from './slice.js';

/** Sizes of the pieces: given as attribute (before 13) or input, else equal ones (the last may be smaller with num_outputs). */
function pieceSizes(node: Node, context: InferenceContext, size: Dim): Dim[] {
  const count = node.outputs.length;
  const given = node.ints('split', undefined) ?? numbersOf(context, 1);
  if (given) {
    if (given.length !== count) throw context.error('split', `${count} sizes`, [...given]);
    const sum = given.reduce((a, b) => a + b, 0);
    if (typeof size === 'number' && sum !== size) throw context.error('split', `sizes with sum ${size}`, [...given]);
    return [...given];
  }
  if (context.has(1)) return context.dataOf(1)?.map((dim) => dim) ?? new Array<Dim>(count).fill(undefined);
  const pieces = node.int('num_outputs', count);
  if (pieces !== count) throw context.error('num_outputs', String(count), pieces);
  // A symbolic size that does not divide leaves the last piece smaller, or the model is wrong.
  if (typeof size !== 'number') return new Array<Dim>(count).fill(divideDims(size, count));
  if (size % count !== 0 && !node.has('num_outputs')) throw context.error('size', `a multiple of ${count}`, size);
  const piece = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(piece, size - piece * index)));
}

export const splitRule = defineRule({
  op: 'Split',
  infer(node, context) {
    const source = context.shapeOf(0);
    const dtype = context.dtypeOf(0);
    if (!source) return node.outputs.forEach((_, output) => context.setTensor(output, dtype, undefined));
    const axis = normaliseAxis(context, node.int('axis', 0), source.length);
    const sizes = pieceSizes(node, context, source[axis]);
    const array = context.arrayOf(0);
    let start: Dim = 0;
    sizes.forEach((size, output) => {
      const shape = source.map((dim, position) => (position === axis ? size : dim));
      const data =
        array && typeof start === 'number' && typeof size === 'number'
          ? sliceData(array, [{ axis, start, end: start + size, step: 1 }])
          : undefined;
      context.setTensor(output, dtype, shape, data);
      start = addDims(start, size);
    });
  },
});
