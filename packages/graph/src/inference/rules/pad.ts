import { addDims, type Dim, subtractDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { normaliseAxes, numbersOf, targetShape } from '../arguments.js';
import { elementAt, fillData } from '../data-array.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** Pads before and after each axis that is named (all, unless input 3 says which); undefined when the axes are not known. */
function padsOf(node: Node, context: InferenceContext, rank: number): { before: Dim[]; after: Dim[] } | undefined {
  const given = node.ints('pads', undefined) ?? node.ints('paddings', undefined) ?? context.dataOf(1);
  const named = context.has(3) ? numbersOf(context, 3) : Array.from({ length: rank }, (_, axis) => axis);
  if (!named) return undefined;
  const axes = normaliseAxes(context, named, rank);
  if (given && given.length !== 2 * axes.length) throw context.error('pads', `${2 * axes.length} elements`, [...given]);
  const [before, after] = [new Array<Dim>(rank).fill(0), new Array<Dim>(rank).fill(0)];
  axes.forEach((axis, index) => {
    before[axis] = given?.[index];
    after[axis] = given?.[index + axes.length];
  });
  return { before, after };
}

const pad = defineRule({
  op: 'Pad',
  infer(node, context) {
    const source = context.shapeOf(0);
    const dtype = context.dtypeOf(0);
    if (!source) return context.setTensor(0, dtype, undefined);
    const pads = padsOf(node, context, source.length);
    const shape = source.map((dim, axis) => pads && addDims(addDims(dim, pads.before[axis]), pads.after[axis]));
    const array = context.arrayOf(0);
    const fill = context.has(2) ? context.dataOf(2)?.[0] : node.float('value', 0);
    const whole = shape.every((dim) => typeof dim === 'number' && dim >= 0);
    const data =
      array && whole && node.string('mode', 'constant') === 'constant'
        ? fillData(shape as number[], (index) => {
            const from = index.map((at, axis) => at - Number(pads?.before[axis]));
            return from.every((at, axis) => at >= 0 && at < array.dims[axis]!) ? elementAt(array, from) : fill;
          })
        : undefined;
    return context.setTensor(0, dtype, shape, data);
  },
});

const centerCropPad = defineRule({
  op: 'CenterCropPad',
  infer(node, context) {
    const source = context.shapeOf(0);
    const target = context.dataOf(1);
    if (!source) return context.setTensor(0, context.dtypeOf(0), undefined);
    const axes = normaliseAxes(context, node.ints('axes', undefined) ?? source.map((_, axis) => axis), source.length);
    if (target && target.length !== axes.length) throw context.error('shape', `${axes.length} elements`, [...target]);
    const shape = [...source];
    axes.forEach((axis, index) => (shape[axis] = target?.[index]));
    return context.setTensor(0, context.dtypeOf(0), shape);
  },
});

/** Columns back to an image: [n, c * block, l] to [n, c, ...image]. */
const col2Im = defineRule({
  op: 'Col2Im',
  infer(_, context) {
    const columns = context.shapeOf(0);
    const image = targetShape(context, 1);
    const block = numbersOf(context, 2);
    if (!image) return context.setTensor(0, context.dtypeOf(0), undefined);
    const blockSize = block?.reduce((a, b) => a * b, 1);
    const channels = columns?.[1];
    const whole = typeof channels === 'number' && blockSize ? channels / blockSize : undefined;
    return context.setTensor(0, context.dtypeOf(0), [columns?.[0], whole, ...image]);
  },
});

/** Pad of com.microsoft: as the standard's version 11. */
const microsoftPad = defineRule({
  op: 'Pad',
  domain: 'com.microsoft',
  infer: (node, context) => pad.infer(node, context),
});

const unfoldTensor = defineRule({
  op: 'UnfoldTensor',
  domain: 'com.microsoft',
  infer(node, context) {
    const source = context.shapeOf(0);
    const axis = source && normaliseAxes(context, [node.int('dim', -1)], source.length)[0]!;
    const [size, step] = [node.int('size', 1), node.int('step', 1)];
    const dim = axis === undefined ? undefined : source?.[axis];
    const count =
      typeof dim === 'number' && step > 0 ? Math.floor(Number(subtractDims(dim, size)) / step) + 1 : undefined;
    const shape = source && [...source.map((old, position) => (position === axis ? count : old)), size];
    context.setTensor(0, context.dtypeOf(0), shape);
  },
});

export const padRules = [pad, centerCropPad, col2Im, microsoftPad, unfoldTensor];
