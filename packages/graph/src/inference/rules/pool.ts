import { divideDims, multiplyDims } from '../../ir/dim.js';
import { requireRank, requireRankFrom, targetShape } from '../arguments.js';
import { defineRule } from '../rule.js';
import { agreedDim } from './concat.js';
import { slide, slideTransposed, windowOf } from '../window.js';

const pool = defineRule({
  op: ['AveragePool', 'MaxPool', 'LpPool'],
  infer(node, context) {
    const data = requireRankFrom(context, 0, 3);
    const dtype = context.dtypeOf(0);
    const shape = data && [
      ...data.slice(0, 2),
      ...slide(context, data.slice(2), windowOf(node, context, data.length - 2)),
    ];
    context.setTensor(0, dtype, shape);
    if (node.op === 'MaxPool') context.setTensor(1, 'int64', shape);
  },
});

const globalPool = defineRule({
  op: ['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'],
  infer(_, context) {
    const data = requireRankFrom(context, 0, 3);
    context.setTensor(
      0,
      context.dtypeOf(0),
      data?.map((dim, axis) => (axis < 2 ? dim : 1)),
    );
  },
});

const maxUnpool = defineRule({
  op: 'MaxUnpool',
  infer(node, context) {
    const data = requireRankFrom(context, 0, 3);
    requireRankFrom(context, 1, 3);
    const target = context.dataOf(2);
    if (!data) return context.setTensor(0, context.dtypeOf(0), undefined);
    if (context.has(2)) return context.setTensor(0, context.dtypeOf(0), target ?? data.map(() => undefined));
    const window = { ...windowOf(node, context, data.length - 2), autoPad: 'NOTSET' };
    const spatial = slideTransposed(node, context, data.slice(2), window);
    return context.setTensor(0, context.dtypeOf(0), [data[0], data[1], ...spatial]);
  },
});

const maxRoiPool = defineRule({
  op: 'MaxRoiPool',
  infer(node, context) {
    const [data, rois] = [requireRank(context, 0, 4), requireRank(context, 1, 2)];
    const pooled = node.ints('pooled_shape', undefined);
    if (pooled?.length !== 2) throw context.error('pooled_shape', '2 sizes', pooled?.length ?? 'none');
    context.setTensor(0, context.dtypeOf(0), [rois?.[0], data?.[1], ...pooled]);
  },
});

const roiAlign = defineRule({
  op: 'RoiAlign',
  infer(node, context) {
    const [data, rois] = [requireRank(context, 0, 4), requireRank(context, 1, 2)];
    const size = [node.int('output_height', 1), node.int('output_width', 1)];
    // One image index a region.
    const count = agreedDim(context, rois?.[0], requireRank(context, 2, 1)?.[0]);
    context.setTensor(0, context.dtypeOf(0), [count, data?.[1], ...size]);
  },
});

const gridSample = defineRule({
  op: 'GridSample',
  infer(_, context) {
    const [data, grid] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
    if (!data || !grid) return context.setTensor(0, context.dtypeOf(0), undefined);
    return context.setTensor(0, context.dtypeOf(0), [data[0], data[1], ...grid.slice(1, -1)]);
  },
});

const affineGrid = defineRule({
  op: 'AffineGrid',
  infer(_, context) {
    // size is [n, c, h, w] or [n, c, d, h, w]: the grid has one coordinate a spatial axis.
    const size = targetShape(context, 1);
    if (size && size.length !== 4 && size.length !== 5) throw context.error('size', '4 or 5 elements', [...size]);
    context.setTensor(0, context.dtypeOf(0), size && [size[0], ...size.slice(2), size.length - 2]);
  },
});

const depthToSpace = defineRule({
  op: ['DepthToSpace', 'SpaceToDepth'],
  infer(node, context) {
    const data = requireRank(context, 0, 4);
    const block = node.int('blocksize', 0);
    if (block < 1 || !Number.isSafeInteger(block * block)) {
      throw context.error('blocksize', 'an integer > 0 with a square below 2^53', block);
    }
    const [channels, plane] = node.op === 'DepthToSpace' ? [divideDims, multiplyDims] : [multiplyDims, divideDims];
    context.setTensor(
      0,
      context.dtypeOf(0),
      data && [data[0], channels(data[1], block * block), plane(data[2], block), plane(data[3], block)],
    );
  },
});

export const poolRules = [pool, globalPool, maxUnpool, maxRoiPool, roiAlign, gridSample, affineGrid, depthToSpace];
