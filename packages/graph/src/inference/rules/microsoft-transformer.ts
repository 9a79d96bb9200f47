import { addDims, type Dim, divideDims, multiplyDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { normaliseAxis, requireRank, requireRankFrom } from '../arguments.js';
import type { Shape } from '../dims.js';
import { maxElements } from '../integer-math.js';
import { defineRule, type InferenceContext } from '../rule.js';

const domain = 'com.microsoft';

/** LayerNormalization of input + skip: the sum is output 3. */
const skipNormalization = defineRule({
  op: ['SkipLayerNormalization', 'SkipSimplifiedLayerNormalization'],
  domain,
  infer(_, context) {
    const shape = requireRankFrom(context, 0, 1);
    context.set(0, context.typeOf(0));
    const statistics = shape && [...shape.slice(0, -1), 1];
    context.setTensor(1, 'float32', statistics);
    context.setTensor(2, 'float32', statistics);
    context.set(3, context.typeOf(0));
  },
});

const embedNormalization = defineRule({
  op: 'EmbedLayerNormalization',
  domain,
  infer(_, context) {
    const ids = requireRank(context, 0, 2);
    const shape = [ids?.[0], ids?.[1], requireRank(context, 2, 2)?.[1]];
    context.setTensor(0, context.dtypeOf(2), shape);
    context.setTensor(1, 'int32', [ids?.[0]]);
    context.setTensor(2, context.dtypeOf(2), shape);
  },
});

/** Attention with merged projections: input [b, s, d], weights [d, 3 h] (or as qkv_hidden_sizes say), past [2, b, heads, p, size]. */
function inferMergedAttention(node: Node, context: InferenceContext, past: number, dtypeFrom: number): void {
  const data = requireRank(context, 0, 3);
  const sizes = node.ints('qkv_hidden_sizes', undefined);
  const hidden: Dim = sizes?.[2] ?? divideDims(requireRank(context, 1, 2)?.[1], 3);
  context.setTensor(0, context.dtypeOf(dtypeFrom), [data?.[0], data?.[1], hidden]);
  const before = context.has(past) ? requireRank(context, past, 5)?.[3] : 0;
  const shared = node.int('past_present_share_buffer', 0) === 1;
  const total = shared ? before : addDims(before, data?.[1]);
  const heads = node.int('num_heads', undefined);
  context.setTensor(1, context.dtypeOf(dtypeFrom), [2, data?.[0], heads, total, divideDims(hidden, heads)]);
}

/** The present cache: past [b, heads, p, size] grown by the new steps, or the shared buffer itself. */
function setPresent(
  context: InferenceContext,
  output: number,
  past: number,
  shared: boolean,
  fresh: Shape | undefined,
): void {
  const old = context.has(past) ? requireRank(context, past, 4) : undefined;
  if (shared && old) return context.set(output, context.typeOf(past));
  const grown = fresh && [...fresh];
  if (grown && context.has(past)) grown[2] = addDims(old?.[2], fresh[2]);
  return context.setTensor(output, context.dtypeOf(context.has(past) ? past : 0), grown);
}

const multiHeadAttention = defineRule({
  op: ['MultiHeadAttention', 'DecoderMaskedMultiHeadAttention'],
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 3, 5);
    const [key, value] = [requireRank(context, 1, 3, 4, 5), requireRank(context, 2, 3, 4)];
    const heads = node.int('num_heads', undefined);
    const packed = query?.length === 5;
    const own = packed ? multiplyDims(query[2], query[4]) : query?.[2];
    // Value in rank 4 is a cache [b, heads, s, size]; absent, it is packed with the query or the key, whose width it has.
    const hidden = value?.length === 4 ? multiplyDims(value[1], value[3]) : context.has(2) ? value?.[2] : own;
    context.setTensor(0, context.dtypeOf(0), query && [query[0], query[1], hidden]);
    const steps = key?.length === 4 ? key[2] : (key?.[1] ?? (context.has(1) ? undefined : query?.[1]));
    const cache = (width: Dim) => query && [query[0], heads, steps, divideDims(width, heads)];
    const [pastKey, pastValue, length] = node.op === 'MultiHeadAttention' ? [6, 7, 8] : [5, 6, 7];
    setPresent(context, 1, pastKey, context.has(length), cache(own));
    setPresent(context, 2, pastValue, context.has(length), cache(hidden));
  },
});

/** Query [b, s, heads * size], or with keys and values packed behind it; caches [b, kv heads, s, size]. */
const groupQueryAttention = defineRule({
  op: 'GroupQueryAttention',
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 3);
    const [heads, kvHeads] = [node.int('num_heads', 0), node.int('kv_num_heads', 0)];
    if (heads < 1 || kvHeads < 1)
      throw context.error('num_heads and kv_num_heads', 'integers > 0', `${heads}, ${kvHeads}`);
    const size = divideDims(query?.[2], context.has(1) ? heads : heads + 2 * kvHeads);
    context.setTensor(0, context.dtypeOf(0), query && [query[0], query[1], multiplyDims(size, heads)]);
    const total = context.dataOf(6)?.[0];
    for (const [output, past] of [
      [1, 3],
      [2, 4],
    ] as const) {
      const old = requireRank(context, past, 4);
      // The cache holds all steps, or is a longer buffer handed in.
      const length = context.has(past) ? maxElements(total, old?.[2]) : (total ?? query?.[1]);
      const dtype = context.dtypeOf(context.has(past) ? past : 0);
      context.setTensor(output, dtype, [query?.[0], kvHeads, length, old?.[3] ?? size]);
    }
  },
});

/** Rows of a block-quantized table: `bits` below 8 are packed along the last axis of uint8 data. */
const gatherBlockQuantized = defineRule({
  op: 'GatherBlockQuantized',
  domain,
  infer(node, context) {
    const [data, indices] = [requireRankFrom(context, 0, 1), context.shapeOf(1)];
    if (!data || !indices) return context.setTensor(0, context.dtypeOf(2), undefined);
    const axis = normaliseAxis(context, node.int('gather_axis', 0), data.length);
    const packed = context.dtypeOf(0) === 'uint8' ? 8 / node.int('bits', 4) : 1;
    const table = data.map((dim, position) => (position === data.length - 1 ? multiplyDims(dim, packed) : dim));
    return context.setTensor(0, context.dtypeOf(2), [...table.slice(0, axis), ...indices, ...table.slice(axis + 1)]);
  },
});

export const microsoftTransformerRules = [
  skipNormalization,
  embedNormalization,
  defineRule({
    op: ['Attention', 'DecoderMaskedSelfAttention'],
    domain,
    infer: (node, context) => inferMergedAttention(node, context, 4, 0),
  }),
  defineRule({ op: 'QAttention', domain, infer: (node, context) => inferMergedAttention(node, context, 8, 3) }),
  multiHeadAttention,
  groupQueryAttention,
  gatherBlockQuantized,
];
