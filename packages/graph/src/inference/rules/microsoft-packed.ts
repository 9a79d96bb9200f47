import { addDims, divideDims, multiplyDims } from '../../ir/dim.js';
import { requireRank } from '../arguments.js';
import { defineRule } from '../rule.js';

const domain = 'com.microsoft';

/** Attention over tokens of all sequences without padding: [tokens, heads * size]. */
const packedAttention = defineRule({
  op: 'PackedAttention',
  domain,
  infer(node, context) {
    const tokens = requireRank(context, 0, 2)?.[0];
    const sizes = node.ints('qkv_hidden_sizes', undefined);
    const hidden = sizes?.[2] ?? divideDims(requireRank(context, 1, 2)?.[1], 3);
    context.setTensor(0, context.dtypeOf(0), [tokens, hidden]);
  },
});

const packedMultiHeadAttention = defineRule({
  op: 'PackedMultiHeadAttention',
  domain,
  infer(_, context) {
    // Packed query, key and value: [tokens, heads, 3, size].
    const query = requireRank(context, 0, 2, 4);
    const packed = query?.length === 4 ? multiplyDims(query[1], query[3]) : undefined;
    const hidden = context.has(2) ? requireRank(context, 2, 2)?.[1] : packed;
    context.setTensor(0, context.dtypeOf(0), [query?.[0], hidden]);
  },
});

/** The caches are updated in place: outputs 1 and 2 are inputs 3 and 4. */
const pagedAttention = defineRule({
  op: 'PagedAttention',
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 2);
    const [heads, kvHeads] = [node.int('num_heads', undefined), node.int('kv_num_heads', 0)];
    const share = context.has(1) ? heads : heads && heads + 2 * kvHeads;
    const size = node.int('v_head_size', 0) || divideDims(query?.[1], share);
    context.setTensor(0, context.dtypeOf(0), [query?.[0], multiplyDims(size, heads)]);
    context.set(1, context.typeOf(3));
    context.set(2, context.has(4) ? context.typeOf(4) : undefined);
  },
});

/** Query [b, s, heads * size], or with keys and values packed behind it; the caches keep their size. */
const sparseAttention = defineRule({
  op: 'SparseAttention',
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 3);
    const [heads, kvHeads] = [node.int('num_heads', undefined), node.int('kv_num_heads', 0)];
    const size = divideDims(query?.[2], context.has(1) ? heads : heads && heads + 2 * kvHeads);
    context.setTensor(0, context.dtypeOf(0), [query?.[0], query?.[1], multiplyDims(size, heads)]);
    context.set(1, context.typeOf(3));
    context.set(2, context.typeOf(4));
  },
});

/** Query and key are [sequence, batch, hidden] here; how long the caches become depends on flags. */
const decoderAttention = defineRule({
  op: 'DecoderAttention',
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 3);
    const heads = node.int('num_heads', undefined);
    context.set(0, context.typeOf(0));
    const cache = [query?.[1], heads, undefined, divideDims(query?.[2], heads)];
    for (const output of [1, 2]) context.setTensor(output, context.dtypeOf(0), cache);
  },
});

/** Padded [b, s, hidden] to packed [tokens, hidden] and back; the offsets are [b, s]. */
const removePadding = defineRule({
  op: 'RemovePadding',
  domain,
  infer(_, context) {
    const data = requireRank(context, 0, 3);
    context.setTensor(0, context.dtypeOf(0), [undefined, data?.[2]]);
    context.setTensor(1, 'int32', [data?.[0], data?.[1]]);
    context.setTensor(2, 'int32', [addDims(data?.[0], 1)]);
    context.setTensor(3, 'int32', [1]);
  },
});

const restorePadding = defineRule({
  op: 'RestorePadding',
  domain,
  infer(_, context) {
    const [data, offsets] = [requireRank(context, 0, 2), requireRank(context, 1, 2)];
    context.setTensor(0, context.dtypeOf(0), [offsets?.[0], offsets?.[1], data?.[1]]);
  },
});

/** Buckets [n, heads] spread over the distances: [1, heads, query length, key length]. */
const relativePositionBias = defineRule({
  op: 'RelativePositionBias',
  domain,
  infer(_, context) {
    const lengths = [1, 2].map((input) => context.dataOf(input)?.[0]);
    context.setTensor(0, context.dtypeOf(0), [1, requireRank(context, 0, 2)?.[1], ...lengths]);
  },
});

const gatedPositionBias = defineRule({
  op: 'GatedRelativePositionBias',
  domain,
  infer(node, context) {
    const query = requireRank(context, 0, 2, 3);
    const [batch, steps] = context.has(6) ? (requireRank(context, 6, 2) ?? []) : query?.length === 3 ? query : [];
    context.setTensor(0, context.dtypeOf(0), [batch, node.int('num_heads', undefined), steps, steps]);
  },
});

/** The merged tokens are as many as agreed. */
const bifurcation = defineRule({
  op: 'BifurcationDetector',
  domain,
  infer(_, context) {
    context.setTensor(0, 'int64', [undefined]);
    context.setTensor(1, 'int64', undefined);
  },
});

export const microsoftPackedRules = [
  bifurcation,
  packedAttention,
  packedMultiHeadAttention,
  pagedAttention,
  sparseAttention,
  decoderAttention,
  removePadding,
  restorePadding,
  relativePositionBias,
  gatedPositionBias,
];
