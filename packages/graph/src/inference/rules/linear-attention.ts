import { addDims, type Dim, divideDims, multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { requireRank } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { agreedDim } from './concat.js';

/** Gates that each update rule reads, and no other. */
const GATES: Readonly<Record<string, readonly ('decay' | 'beta')[]>> = {
  linear: [],
  gated: ['decay'],
  delta: ['beta'],
  gated_delta: ['decay', 'beta'],
};

/** Query and key or value heads; throws ERR_SHAPE unless both are given, positive, and the one divides the other. */
function headCounts(node: Node, context: InferenceContext): [number, number] {
  const [q, kv] = [node.int('q_num_heads', 0), node.int('kv_num_heads', 0)];
  if (q < 1) throw context.error('q_num_heads', 'an integer > 0', q);
  if (kv < 1) throw context.error('kv_num_heads', 'an integer > 0', kv);
  if (q % kv !== 0) throw context.error('q_num_heads', `a multiple of ${kv}`, q);
  return [q, kv];
}

/** The size of one head in [b, s, heads * size]. */
function headSize(context: InferenceContext, width: Dim, heads: number): Dim {
  if (typeof width === 'number' && width % heads !== 0) {
    throw context.error('last axis', `a multiple of ${heads} heads`, width);
  }
  return divideDims(width, heads);
}

function checkGates(node: Node, context: InferenceContext, kv: number, size: Dim): void {
  const rule = node.string('update_rule', 'gated_delta');
  const gates = Object.hasOwn(GATES, rule) ? GATES[rule] : undefined;
  if (!gates) throw context.error('update_rule', Object.keys(GATES).join(', '), rule);
  for (const [input, name] of [
    [4, 'decay'],
    [5, 'beta'],
  ] as const) {
    const wanted = gates.includes(name);
    if (context.has(input) !== wanted)
      throw context.error(name, wanted ? `given for ${rule}` : `none for ${rule}`, rule);
    const last = requireRank(context, input, 3)?.[2];
    const wide: Dim = name === 'decay' ? multiplyDims(size, kv) : 1;
    if (typeof last === 'number' && last !== kv && typeof wide === 'number' && last !== wide) {
      throw context.error(name, `a last axis of ${kv} or ${wide}`, last);
    }
  }
}

/** Linear attention of version 27: query [b, s, q heads * d], key and value [b, s, kv heads * d or e], state [b, kv heads, d, e]. */
const linearAttention = defineRule({
  op: 'LinearAttention',
  infer(node, context) {
    const [query, key, value] = [0, 1, 2].map((input) => requireRank(context, input, 3));
    const past = requireRank(context, 3, 4);
    const [q, kv] = headCounts(node, context);
    const own = headSize(context, query?.[2], q);
    const size = [headSize(context, key?.[2], kv), past?.[2]].reduce<Dim>((a, b) => agreedDim(context, a, b), own);
    const width = agreedDim(context, headSize(context, value?.[2], kv), past?.[3]);
    checkGates(node, context, kv, size);
    const inputs = [query, key, value, ...[4, 5].map((input) => context.shapeOf(input))];
    const batch = [...inputs, past].reduce<Dim>((dim, shape) => agreedDim(context, dim, shape?.[0]), undefined);
    const steps = inputs.reduce<Dim>((dim, shape) => agreedDim(context, dim, shape?.[1]), undefined);
    context.setTensor(0, context.dtypeOf(0), [batch, steps, multiplyDims(width, q)]);
    context.setTensor(1, context.dtypeOf(context.has(3) ? 3 : 0), [batch, kv, size, width]);
  },
});

/** Input [b, c, t], weight [c, 1, k]: the state [b, c, k - 1] holds the last steps. */
const causalConv = defineRule({
  op: 'CausalConvWithState',
  infer(node, context) {
    const activation = node.string('activation', 'none');
    if (!['none', 'silu', 'swish'].includes(activation)) {
      throw context.error('activation', 'none, silu or swish', activation);
    }
    const [data, weight, past] = [0, 1, 3].map((input) => requireRank(context, input, 3));
    const channels = [data?.[1], requireRank(context, 2, 1)?.[0], past?.[1]].reduce<Dim>(
      (a, b) => agreedDim(context, a, b),
      weight?.[0],
    );
    const batch = agreedDim(context, data?.[0], past?.[0]);
    context.setTensor(0, context.dtypeOf(0), [batch, channels, data?.[2]]);
    const state = agreedDim(context, addDims(weight?.[2], -1), past?.[2]);
    context.setTensor(1, context.dtypeOf(0), [batch, channels, state]);
  },
});

export const linearAttentionRules = [linearAttention, causalConv];
