import { type Dim, multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { normaliseAxes, numbersOf } from '../arguments.js';
import { functionOfDims, type Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** floor(size * scale) in float32, as the standard's and ONNX Runtime's own inference compute it (10 * 0.7 is 7). */
function scaled(size: Dim, scale: Dim): Dim {
  if (typeof scale !== 'number') return undefined;
  if (Number.isInteger(scale)) return multiplyDims(size, scale);
  return functionOfDims(`resize(${scale})`, [size], (value) => Math.floor(Math.fround(Math.fround(value) * scale)));
}

function resizeByScales(
  context: InferenceContext,
  source: Shape,
  scales: readonly Dim[] | undefined,
  axes: number[],
): Dim[] {
  if (scales && scales.length !== axes.length) throw context.error('scales', `${axes.length} elements`, [...scales]);
  const shape = [...source];
  axes.forEach((axis, index) => (shape[axis] = scaled(source[axis], scales?.[index])));
  return shape;
}

/** Sizes, under keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest of those asked for. */
function resizeBySizes(node: Node, context: InferenceContext, source: Shape, axes: number[], input: number): Dim[] {
  const sizes = context.dataOf(input);
  if (sizes && sizes.length !== axes.length) throw context.error('sizes', `${axes.length} elements`, [...sizes]);
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  const shape = [...source];
  if (policy === 'stretch') {
    axes.forEach((axis, index) => (shape[axis] = sizes?.[index]));
    return shape;
  }
  const ratios = axes.map((axis, index) => Number(sizes?.[index]) / Number(source[axis]));
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const known = axes.every((axis, index) => typeof source[axis] === 'number' && typeof sizes?.[index] === 'number');
  for (const axis of axes) shape[axis] = known ? roundHalfUp(ratio * Number(source[axis])) : undefined;
  return shape;
}

const roundHalfUp = (value: number): number => Math.floor(value + 0.5);

const resize = defineRule({
  op: 'Resize',
  infer(node, context) {
    const source = context.shapeOf(0);
    const dtype = context.dtypeOf(0);
    if (!source) return context.setTensor(0, dtype, undefined);
    if (context.opset < 11) {
      const all = source.map((_, axis) => axis);
      return context.setTensor(0, dtype, resizeByScales(context, source, context.dataOf(1), all));
    }
    const axes = normaliseAxes(context, node.ints('axes', undefined) ?? source.map((_, axis) => axis), source.length);
    // Before version 13 scales could not be absent, but empty.
    const bySizes = context.has(3) && numbersOf(context, 3)?.length !== 0;
    const shape = bySizes
      ? resizeBySizes(node, context, source, axes, 3)
      : resizeByScales(context, source, context.dataOf(2), axes);
    return context.setTensor(0, dtype, shape);
  },
});

const upsample = defineRule({
  op: 'Upsample',
  infer(node, context) {
    const source = context.shapeOf(0);
    if (!source) return context.setTensor(0, context.dtypeOf(0), undefined);
    const legacy = [1, 1, node.float('height_scale', NaN), node.float('width_scale', NaN)];
    const scales = node.floats('scales', undefined) ?? (node.has('height_scale') ? legacy : context.dataOf(1));
    const axes = source.map((_, axis) => axis);
    return context.setTensor(0, context.dtypeOf(0), resizeByScales(context, source, scales, axes));
  },
});

export const resizeRules = [resize, upsample];
