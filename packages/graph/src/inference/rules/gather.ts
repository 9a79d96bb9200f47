import type { Dim } from '../../ir/dim.js';
import { normaliseAxis } from '../arguments.js';
import { elementAt, fillData } from '../data-array.js';
import { defineRule, type Data, type DataArray, type InferenceContext } from '../rule.js';

/** An index into an axis of `size`; negative ones count from the end. */
function positionOf(context: InferenceContext, index: Dim, size: number): number | undefined {
  if (typeof index !== 'number') return undefined;
  if (index < -size || index >= size) throw context.error('indices', `integers in [${-size}, ${size})`, index);
  return index < 0 ? index + size : index;
}

function gatherData(context: InferenceContext, array: DataArray, indices: DataArray, axis: number): Data | undefined {
  const { dims } = array;
  const rank = indices.dims.length;
  const result = [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)];
  return fillData(result, (index) => {
    const picked = positionOf(context, elementAt(indices, index.slice(axis, axis + rank)), dims[axis]!);
    if (picked === undefined) return undefined;
    return elementAt(array, [...index.slice(0, axis), picked, ...index.slice(axis + rank)]);
  });
}

const gather = defineRule({
  op: 'Gather',
  infer(node, context) {
    const [data, indices] = [context.shapeOf(0), context.shapeOf(1)];
    const dtype = context.dtypeOf(0);
    if (!data) return context.setTensor(0, dtype, undefined);
    const axis = normaliseAxis(context, node.int('axis', 0), data.length);
    if (!indices) return context.setTensor(0, dtype, undefined);
    const [array, picks] = [context.arrayOf(0), context.arrayOf(1)];
    const contents = array && picks ? gatherData(context, array, picks, axis) : undefined;
    return context.setTensor(0, dtype, [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)], contents);
  },
});

const gatherElements = defineRule({
  op: 'GatherElements',
  infer(node, context) {
    const [data, indices] = [context.shapeOf(0), context.shapeOf(1)];
    if (data && indices && data.length !== indices.length)
      throw context.error('indices', `rank ${data.length}`, [...indices]);
    if (data) normaliseAxis(context, node.int('axis', 0), data.length);
    context.setTensor(0, context.dtypeOf(0), indices);
  },
});

export const gatherNd = defineRule({
  op: 'GatherND',
  infer(node, context) {
    const [data, indices] = [context.shapeOf(0), context.shapeOf(1)];
    const dtype = context.dtypeOf(0);
    const depth = indices?.at(-1);
    if (!data || !indices || typeof depth !== 'number') return context.setTensor(0, dtype, undefined);
    const batch = node.int('batch_dims', 0);
    if (!(batch >= 0 && batch < indices.length && batch + depth <= data.length)) {
      throw context.error('indices', `at most ${data.length} axes with batch_dims ${batch}`, [...indices]);
    }
    return context.setTensor(0, dtype, [...indices.slice(0, -1), ...data.slice(batch + depth)]);
  },
});

/** The data with some elements replaced: its own shape. */
const scatter = defineRule({
  op: ['Scatter', 'ScatterElements', 'ScatterND', 'TensorScatter'],
  infer: (_, context) => context.set(0, context.typeOf(0)),
});

const oneHot = defineRule({
  op: 'OneHot',
  infer(node, context) {
    const indices = context.shapeOf(0);
    if (!indices) return context.setTensor(0, context.dtypeOf(2), undefined);
    const axis = normaliseAxis(context, node.int('axis', -1), indices.length + 1);
    const depth = context.dataOf(1)?.[0];
    if (typeof depth === 'number' && depth < 0) throw context.error('depth', 'an integer >= 0', depth);
    const negative = context.dataOf(0)?.find((index) => typeof index === 'number' && index < 0);
    // They count from the end since version 11.
    if (context.opset < 11 && negative !== undefined) throw context.error('indices', 'integers >= 0', negative);
    return context.setTensor(0, context.dtypeOf(2), [...indices.slice(0, axis), depth, ...indices.slice(axis)]);
  },
});

export const gatherRules = [gather, gatherElements, gatherNd, scatter, oneHot];
