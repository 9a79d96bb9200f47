import { multiplyDims } from '../../ir/dim.js';
import { combineData, elementAt, fillData } from '../data-array.js';
import { targetShape } from '../arguments.js';
import { broadcastShapes } from '../dims.js';
import { defineRule, type DataArray } from '../rule.js';

const expand = defineRule({
  op: 'Expand',
  infer(_, context) {
    const source = context.shapeOf(0);
    const target = targetShape(context, 1);
    if (!source || !target) return context.setTensor(0, context.dtypeOf(0), undefined);
    const shape = broadcastShapes([source, target]);
    if (!shape) throw context.error('shape', `one that broadcasts with [${source.join(',')}]`, [...target]);
    const dims = shape.every((dim) => typeof dim === 'number') ? (shape as number[]) : undefined;
    const filler = dims && { dims, data: fillData(dims, () => 0) ?? [] };
    const usable = filler && filler.data.length > 0 ? (filler as DataArray) : undefined;
    return context.setTensor(
      0,
      context.dtypeOf(0),
      shape,
      combineData([context.arrayOf(0), usable], (element) => element),
    );
  },
});

/** Tile; the version of 2016 (1) took a single count and an axis. */
const tile = defineRule({
  op: 'Tile',
  infer(_, context) {
    const source = context.shapeOf(0);
    if (context.opset < 6)
      return context.setTensor(
        0,
        context.dtypeOf(0),
        source?.map(() => undefined),
      );
    const repeats = context.dataOf(1);
    if (!source || !repeats)
      return context.setTensor(
        0,
        context.dtypeOf(0),
        source?.map(() => undefined),
      );
    if (repeats.length !== source.length) throw context.error('repeats', `${source.length} counts`, [...repeats]);
    const shape = source.map((dim, axis) => multiplyDims(dim, repeats[axis]));
    const array = context.arrayOf(0);
    const dims = shape.every((dim) => typeof dim === 'number') ? (shape as number[]) : undefined;
    const data =
      array &&
      dims &&
      fillData(dims, (index) =>
        elementAt(
          array,
          index.map((at, axis) => at % array.dims[axis]!),
        ),
      );
    return context.setTensor(0, context.dtypeOf(0), shape, data);
  },
});

export const expandRules = [expand, tile];
