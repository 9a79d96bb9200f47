import { addDims, type Dim, divideDims, multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { requireRank, requireRankFrom } from '../arguments.js';
import { defineRule } from '../rule.js';

const domain = 'com.microsoft';

/** `window` states, one behind another, where state_window asks for them. */
function windowed(node: Node, state: readonly Dim[]): readonly Dim[] {
  const window = node.int('state_window', 0);
  return window > 0 ? [window, ...state] : state;
}

/** As the standard's of version 27; key heads may also be a multiple of query heads. */
const linearAttention = defineRule({
  op: 'LinearAttention',
  domain,
  infer(node, context) {
    const [query, key, value] = [0, 1, 2].map((input) => requireRank(context, input, 3));
    const [q, kv] = [node.int('q_num_heads', 0), node.int('kv_num_heads', 0)];
    if (q < 1 || kv < 1) throw context.error('q_num_heads and kv_num_heads', 'integers > 0', `${q} and ${kv}`);
    const size = divideDims(query?.[2], q) ?? divideDims(key?.[2], kv);
    const width = divideDims(value?.[2], kv);
    context.setTensor(0, context.dtypeOf(0), [query?.[0], query?.[1], multiplyDims(width, Math.max(q, kv))]);
    if (context.has(3)) return context.set(1, context.typeOf(3));
    return context.setTensor(1, context.dtypeOf(0), windowed(node, [query?.[0], kv, size, width]));
  },
});

const linearAttentionGate = defineRule({
  op: 'LinearAttentionGate',
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(0));
    context.set(1, context.typeOf(0));
  },
});

/** Input [b, c, ...] or [b, s, ...] with channels last; the state is known where it is handed in, or for one spatial axis. */
const causalConv = defineRule({
  op: 'CausalConvWithState',
  domain,
  infer(node, context) {
    const [data, weight] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
    context.set(0, context.typeOf(0));
    if (context.has(3)) return context.set(1, context.typeOf(3));
    const plain = node.int('ndim', 1) === 1 && node.int('channels_last', 0) === 0;
    const steps = multiplyDims(addDims(weight?.at(-1), -1), node.int('dilation', 1));
    const state = plain ? windowed(node, [data?.[0], data?.[1], steps]) : undefined;
    return context.setTensor(1, context.dtypeOf(0), state);
  },
});

/** Query [tokens, heads, d] or [b, s, heads, d], value [..., value heads, e], state [b, value heads, e, d] in float32. */
const gatedDeltaNet = defineRule({
  op: 'GatedDeltaNet',
  domain,
  infer(node, context) {
    const [query, value] = [requireRank(context, 0, 3, 4), requireRank(context, 2, 3, 4)];
    const [heads, own] = [value?.at(-2), query?.at(-2)];
    const most = typeof heads === 'number' && typeof own === 'number' ? Math.max(heads, own) : undefined;
    context.setTensor(0, context.dtypeOf(0), query && [...query.slice(0, -2), most, value?.at(-1)]);
    const packed = query?.length === 3 ? undefined : query?.[0];
    const batch = context.has(3) ? addDims(requireRank(context, 3, 1)?.[0], -1) : packed;
    context.setTensor(1, 'float32', [batch, heads, value?.at(-1), query?.at(-1)]);
    const each = [multiplyDims(own, query?.at(-1)), multiplyDims(heads, value?.at(-1))].reduce(addDims, heads);
    context.setTensor(2, 'float32', [batch, multiplyDims(each, node.int('state_update_capacity', 0))]);
  },
});

/** Packed tokens [tokens, c], state [b, c, steps]; the captured transitions are [b, capacity, c]. */
const varlenCausalConv = defineRule({
  op: 'VarlenCausalConvWithState',
  domain,
  infer(node, context) {
    const channels = requireRank(context, 0, 2)?.[1];
    context.set(0, context.typeOf(0));
    context.set(1, context.typeOf(4));
    const batch = addDims(requireRank(context, 2, 1)?.[0], -1);
    context.setTensor(2, context.dtypeOf(0), [batch, node.int('state_update_capacity', 0), channels]);
  },
});

/** Attention and convolutions of com.microsoft that carry a state from step to step. */
export const microsoftStateRules = [linearAttention, linearAttentionGate, causalConv, gatedDeltaNet, varlenCausalConv];
