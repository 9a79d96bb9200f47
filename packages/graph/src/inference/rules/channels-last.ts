import type { DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import { requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { slide, windowOf } from '../window.js';

/** Sets [n, ..., m] for x [n, ..., c] and weight [m, c / group, ...] (the weight keeps its order). */
function inferConvLast(node: Node, context: InferenceContext, dtype: DType | undefined, w: number): void {
  const [data, weight] = [requireRankFrom(context, 0, 3), requireRankFrom(context, w, 3)];
  if (!data || !weight) return context.setTensor(0, dtype, undefined);
  const window = windowOf(node, context, data.length - 2, weight.slice(2));
  return context.setTensor(0, dtype, [data[0], ...slide(context, data.slice(1, -1), window), weight[0]]);
}

function inferConvFirst(node: Node, context: InferenceContext, dtype: DType | undefined, w: number): void {
  const [data, weight] = [requireRankFrom(context, 0, 3), requireRankFrom(context, w, 3)];
  if (!data || !weight) return context.setTensor(0, dtype, undefined);
  const window = windowOf(node, context, data.length - 2, weight.slice(2));
  return context.setTensor(0, dtype, [data[0], weight[0], ...slide(context, data.slice(2), window)]);
}

/** Sets the pooled shape of x, channels first or last. */
export function inferPool(node: Node, context: InferenceContext, channelsLast: boolean): void {
  const data = requireRankFrom(context, 0, 3);
  if (!data) return context.setTensor(0, context.dtypeOf(0), undefined);
  const window = windowOf(node, context, data.length - 2);
  const spatial = slide(context, channelsLast ? data.slice(1, -1) : data.slice(2), window);
  const shape = channelsLast ? [data[0], ...spatial, data.at(-1)] : [data[0], data[1], ...spatial];
  return context.setTensor(0, context.dtypeOf(0), shape);
}

function inferGlobalPool(node: Node, context: InferenceContext): void {
  const data = requireRankFrom(context, 0, 3);
  const channel = node.int('channels_last', 0) === 1 && data ? data.length - 1 : 1;
  context.setTensor(
    0,
    context.dtypeOf(0),
    data?.map((dim, axis) => (axis === 0 || axis === channel ? dim : 1)),
  );
}

const domain = 'com.microsoft';

/** Convolutions and poolings of com.microsoft that may keep channels last. */
export const channelsLastRules = [
  defineRule({
    op: ['NhwcConv', 'NhwcFusedConv'],
    domain,
    infer: (node, context) => inferConvLast(node, context, context.dtypeOf(0), 1),
  }),
  defineRule({
    op: 'QLinearConv',
    domain,
    infer(node, context) {
      const infer = node.int('channels_last', 0) === 1 ? inferConvLast : inferConvFirst;
      infer(node, context, context.dtypeOf(7), 3);
    },
  }),
  defineRule({ op: 'NhwcMaxPool', domain, infer: (node, context) => inferPool(node, context, true) }),
  defineRule({
    op: 'QLinearAveragePool',
    domain,
    infer: (node, context) => inferPool(node, context, node.int('channels_last', 0) === 1),
  }),
  defineRule({ op: 'QLinearGlobalAveragePool', domain, infer: inferGlobalPool }),
];
