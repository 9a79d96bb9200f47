import { addDims, type Dim, equalDims } from '../../ir/dim.js';
import { countOf } from '../data-array.js';
import { normaliseAxis } from '../arguments.js';
import { defineRule, type Data, type DataArray, type InferenceContext } from '../rule.js';
import type { Shape } from '../dims.js';

/** Shapes joined along `axis`: that size is the sum, the others must agree. */
export function concatShapes(context: InferenceContext, shapes: readonly Shape[], axis: number): Dim[] {
  const [first, ...others] = shapes;
  const result = [...first!];
  for (const shape of others) {
    if (shape.length !== result.length) throw context.error('inputs', `rank ${result.length}`, [...shape]);
    shape.forEach((dim, position) => {
      if (position === axis) result[axis] = addDims(result[axis], dim);
      else result[position] = agreedDim(context, result[position], dim);
    });
  }
  return result;
}

/** Two sizes that must be equal: the one that is a number, or known at all. */
export function agreedDim(context: InferenceContext, a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) throw context.error('inputs', `equal sizes ${a}`, b);
  if (equalDims(a, b) || b === undefined) return a;
  return a === undefined || typeof b === 'number' ? b : a;
}

/** Contents joined along an axis. */
export function concatData(arrays: readonly DataArray[], axis: number): Data {
  const outer = countOf(arrays[0]!.dims.slice(0, axis));
  const joined: Dim[] = [];
  for (let row = 0; row < outer; row++) {
    for (const { dims, data } of arrays) {
      const length = countOf(dims.slice(axis));
      for (let i = 0; i < length; i++) joined.push(data[row * length + i]);
    }
  }
  return joined;
}

/** A small integer input without known contents still has known length: its elements are unknown, those of its neighbours are not. */
export function arrayOrUnknown(context: InferenceContext, input: number): DataArray | undefined {
  const array = context.arrayOf(input);
  if (array) return array;
  const dims = context.shapeOf(input);
  if (!dims || dims.length > 1 || !dims.every((dim) => typeof dim === 'number')) return undefined;
  const count = countOf(dims as number[]);
  // A shape has few elements; a longer list is data.
  return count <= 16 ? { dims: dims as number[], data: new Array<Dim>(count).fill(undefined) } : undefined;
}

export const concatRule = defineRule({
  op: 'Concat',
  infer(node, context) {
    const inputs = node.inputs.map((_, index) => index);
    const shapes = inputs.map((input) => context.shapeOf(input));
    const dtype = context.dtypeOf(inputs.find((input) => context.dtypeOf(input)) ?? 0);
    if (inputs.length === 0) throw context.error('inputs', 'at least one', 'none');
    const known = shapes.find((shape) => shape);
    if (!known) return context.setTensor(0, dtype, undefined);
    const axis = normaliseAxis(context, node.int('axis', 1), known.length);
    // The rank of one input is the rank of all.
    const complete = shapes.map((shape) => shape ?? known.map(() => undefined));
    const arrays = inputs.map((input) => arrayOrUnknown(context, input));
    const data = arrays.every((array) => array) ? concatData(arrays as DataArray[], axis) : undefined;
    return context.setTensor(0, dtype, concatShapes(context, complete, axis), data);
  },
});
