import { elementAt, fillData } from '../data-array.js';
import { normaliseAxes } from '../arguments.js';
import { defineRule } from '../rule.js';

export const transposeRule = defineRule({
  op: 'Transpose',
  infer(node, context) {
    const source = context.shapeOf(0);
    const given = node.ints('perm', undefined);
    if (!source)
      return context.setTensor(
        0,
        context.dtypeOf(0),
        given?.map(() => undefined),
      );
    const perm = given ?? source.map((_, axis) => source.length - 1 - axis);
    if (perm.length !== source.length) throw context.error('perm', `${source.length} axes`, [...perm]);
    const axes = normaliseAxes(context, perm, source.length);
    const array = context.arrayOf(0);
    const data =
      array &&
      fillData(
        axes.map((axis) => array.dims[axis]!),
        (index) => {
          const from = new Array<number>(axes.length);
          axes.forEach((axis, position) => (from[axis] = index[position]!));
          return elementAt(array, from);
        },
      );
    return context.setTensor(
      0,
      context.dtypeOf(0),
      axes.map((axis) => source[axis]),
      data,
    );
  },
});
