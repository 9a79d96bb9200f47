import { dtypeFromCode } from '../../dtype.js';
import { addDims, type Dim, divideDims, multiplyDims } from '../../ir/dim.js';
import { tensorType } from '../../ir/value-type.js';
import { requireRank, requireRankFrom } from '../arguments.js';
import type { Shape } from '../dims.js';
import { defineRule } from '../rule.js';

/** [batch, sequence, heads * size] or [batch, heads, sequence, size] in one form. */
interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly sequence: Dim;
  readonly size: Dim;
}

function headsOf(shape: Shape | undefined, heads: number | undefined): Heads | undefined {
  if (!shape) return undefined;
  if (shape.length === 4) return { batch: shape[0], heads: shape[1], sequence: shape[2], size: shape[3] };
  return { batch: shape[0], heads, sequence: shape[1], size: divideDims(shape[2], heads) };
}

/** Attention of version 23: Q, K, V in rank 3 or 4; past and present keys and values in rank 4. */
const attention = defineRule({
  op: 'Attention',
  infer(node, context) {
    const shapes = [0, 1, 2].map((input) => requireRank(context, input, 3, 4));
    const query = headsOf(shapes[0], node.int('q_num_heads', undefined));
    const kvHeads = node.int('kv_num_heads', undefined);
    const [key, value] = [headsOf(shapes[1], kvHeads), headsOf(shapes[2], kvHeads)];
    const dtype = context.dtypeOf(0);
    const flat = shapes[0]?.length === 3;
    const output = flat
      ? [query?.batch, query?.sequence, multiplyDims(query?.heads, value?.size)]
      : [query?.batch, query?.heads, query?.sequence, value?.size];
    context.setTensor(0, dtype, shapes[0] && output);
    const total = context.has(4) ? addDims(requireRank(context, 4, 4)?.[2], key?.sequence) : key?.sequence;
    context.setTensor(1, context.dtypeOf(1), [key?.batch, key?.heads, total, key?.size]);
    context.setTensor(2, context.dtypeOf(2), [value?.batch, value?.heads, total, value?.size]);
    context.setTensor(3, dtype, [query?.batch, query?.heads, query?.sequence, total]);
  },
});

const rotaryEmbedding = defineRule({ op: 'RotaryEmbedding', infer: (_, context) => context.set(0, context.typeOf(0)) });

/** Linear attention of version 27: query [b, s, q heads * d], value [b, s, kv heads * e], state [b, kv heads, d, e]. */
const linearAttention = defineRule({
  op: 'LinearAttention',
  infer(node, context) {
    const [query, key, value] = [0, 1, 2].map((input) => requireRank(context, input, 3, 4));
    const [q, kv] = [node.int('q_num_heads', undefined), node.int('kv_num_heads', undefined)];
    const [queries, keys, values] = [headsOf(query, q), headsOf(key, kv), headsOf(value, kv)];
    const flat = query?.length === 3;
    const shape = flat
      ? [queries?.batch, queries?.sequence, multiplyDims(queries?.heads, values?.size)]
      : [queries?.batch, queries?.heads, queries?.sequence, values?.size];
    context.setTensor(0, context.dtypeOf(0), query && shape);
    const state = context.has(3) ? context.typeOf(3) : undefined;
    if (state) context.set(1, state);
    else context.setTensor(1, context.dtypeOf(0), [queries?.batch, kv ?? values?.heads, keys?.size, values?.size]);
  },
});

/** Input [b, c, t], weight [c, 1, k]: the state is the last k - 1 steps. */
const causalConv = defineRule({
  op: 'CausalConvWithState',
  infer(_, context) {
    const data = requireRankFrom(context, 0, 3);
    const weight = requireRankFrom(context, 1, 3);
    context.set(0, context.typeOf(0));
    const past = context.has(3) ? context.typeOf(3) : undefined;
    if (past) return context.set(1, past);
    return context.setTensor(1, context.dtypeOf(0), [data?.[0], data?.[1], addDims(weight?.at(-1), -1)]);
  },
});

/** Attention with bodies that modify scores and probabilities, both [b, q heads, q sequence, kv sequence]. */
const flexAttention = defineRule({
  op: 'FlexAttention',
  domain: 'ai.onnx.preview',
  infer(node, context) {
    const [query, key, value] = [0, 1, 2].map((input) => requireRank(context, input, 4));
    const dtype = context.dtypeOf(0);
    const precision = node.int('softmax_precision', 0);
    const inner = precision === 0 ? (dtype === 'float64' ? dtype : 'float32') : dtypeFromCode(precision);
    const scores = { type: tensorType(inner, [query?.[0], query?.[1], query?.[2], key?.[2]]) };
    for (const body of node.subgraphs()) context.inferSubgraph(body, [scores]);
    context.setTensor(0, dtype, [query?.[0], query?.[1], query?.[2], value?.[3]]);
  },
});

export const attentionRules = [attention, rotaryEmbedding, linearAttention, causalConv, flexAttention];
