import type { DType } from '../../dtype.js';
import { multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { requireRank, requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { slide, slideTransposed, windowOf } from '../window.js';

/** Sets [n, m, ...] for input x [n, c, ...] and weight w [m, c / group, ...]. */
function inferConv(node: Node, context: InferenceContext, dtype: DType | undefined, x = 0, w = 1): void {
  const [data, weight] = [requireRankFrom(context, x, 3), requireRankFrom(context, w, 3)];
  const rank = data?.length ?? weight?.length;
  if (rank === undefined) return context.setTensor(0, dtype, undefined);
  requireRank(context, x, rank);
  requireRank(context, w, rank);
  const group = node.int('group', 1);
  const [channels, depth] = [data?.[1], weight?.[1]];
  if (group < 1) throw context.error('group', 'an integer > 0', group);
  if (typeof channels === 'number' && typeof depth === 'number' && channels !== depth * group) {
    throw context.error('weight', `${channels} input channels`, `${depth} x ${group} groups`);
  }
  const window = windowOf(node, context, rank - 2, weight?.slice(2) ?? new Array(rank - 2).fill(undefined));
  const spatial = slide(context, data?.slice(2) ?? new Array(rank - 2).fill(undefined), window);
  return context.setTensor(0, dtype, [data?.[0], weight?.[0], ...spatial]);
}

/** Weight [c, m / group, ...]: m = w[1] * group. */
function inferConvTranspose(node: Node, context: InferenceContext): void {
  const dtype = context.dtypeOf(0);
  const [data, weight] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
  const rank = data?.length ?? weight?.length;
  if (!data || rank === undefined) return context.setTensor(0, dtype, undefined);
  requireRank(context, 1, rank);
  const window = windowOf(node, context, rank - 2, weight?.slice(2) ?? new Array(rank - 2).fill(undefined));
  const spatial = slideTransposed(node, context, data.slice(2), window);
  return context.setTensor(0, dtype, [data[0], multiplyDims(weight?.[1], node.int('group', 1)), ...spatial]);
}

const deformConv = defineRule({
  op: 'DeformConv',
  infer: (node, context) => inferConv(node, context, context.dtypeOf(0)),
});

export const convRules = [
  defineRule({ op: 'Conv', infer: (node, context) => inferConv(node, context, context.dtypeOf(0)) }),
  defineRule({ op: 'ConvInteger', infer: (node, context) => inferConv(node, context, 'int32') }),
  defineRule({ op: 'QLinearConv', infer: (node, context) => inferConv(node, context, context.dtypeOf(7), 0, 3) }),
  defineRule({ op: 'ConvTranspose', infer: inferConvTranspose }),
  deformConv,
  defineRule({
    op: 'FusedConv',
    domain: 'com.microsoft',
    infer: (node, context) => inferConv(node, context, context.dtypeOf(0)),
  }),
];
