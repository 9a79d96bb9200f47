import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { defineRule, type InferenceContext } from '../rule.js';

const domain = 'com.microsoft';

/** The single integer an input holds. */
const lengthIn = (context: InferenceContext, input: number): Dim => context.dataOf(input)?.[0];

/** The vocabulary, where the node states it. */
function vocabulary(node: Node): Dim {
  const size = node.int('vocab_size', -1);
  return size > 0 ? size : undefined;
}

/** Word ids [b, returned sequences, max length], their scores [b, returned], and scores of each step. */
const beamSearch = defineRule({
  op: ['BeamSearch', 'WhisperBeamSearch'],
  domain,
  infer(node, context) {
    const batch = context.shapeOf(0)?.[0];
    const [length, beams, returned] = [lengthIn(context, 1), lengthIn(context, 3), lengthIn(context, 4)];
    const dtype = context.dtypeOf(context.has(5) ? 5 : 6) ?? 'float32';
    context.setTensor(0, 'int32', [batch, returned, length]);
    context.setTensor(1, dtype, [batch, returned]);
    context.setTensor(2, dtype, [undefined, batch, beams, vocabulary(node)]);
    if (node.op === 'BeamSearch') return;
    context.setTensor(3, 'float32', [batch, returned, undefined, undefined, undefined]);
    context.setTensor(4, dtype, [batch]);
  },
});

const greedySearch = defineRule({
  op: ['GreedySearch', 'Sampling'],
  domain,
  infer(node, context) {
    const batch = context.shapeOf(0)?.[0];
    context.setTensor(0, 'int32', [batch, lengthIn(context, 1)]);
    context.setTensor(1, 'float32', [batch, vocabulary(node)]);
  },
});

/** Hashes of n-grams of the ids [b, s]: one a head and order. */
const nGramHash = defineRule({
  op: 'NGramHashMapping',
  domain,
  infer(node, context) {
    const ids = context.shapeOf(0);
    const orders = node.int('max_ngram_size', 1) - 1;
    context.setTensor(0, context.dtypeOf(0), ids && [...ids, orders * node.int('n_head_per_ngram', 1)]);
    context.setTensor(1, context.dtypeOf(0), [ids?.[0], orders]);
  },
});

/** Strings of [c] or [n, c], each cut into as many tokens as the longest has. */
const tokenizer = defineRule({
  op: 'Tokenizer',
  domain,
  infer(_, context) {
    const shape = context.shapeOf(0);
    if (shape && shape.length !== 1 && shape.length !== 2) throw context.error('input', 'rank 1 or 2', [...shape]);
    context.setTensor(0, 'string', shape && [...shape, undefined]);
  },
});

const murmurHash = defineRule({
  op: 'MurmurHash3',
  domain,
  infer(node, context) {
    context.setTensor(0, node.int('positive', 1) === 1 ? 'uint32' : 'int32', context.shapeOf(0));
  },
});

/** Words as rows of characters, each embedded to a vector as long as the convolution has filters. */
const wordEmbedding = defineRule({
  op: 'WordConvEmbedding',
  domain,
  infer(_, context) {
    const words = context.shapeOf(0);
    context.setTensor(0, context.dtypeOf(1), words && [...words.slice(0, -1), context.shapeOf(1)?.[0]]);
  },
});

const embedding = defineRule({
  op: 'TorchEmbedding',
  domain,
  infer(_, context) {
    const [table, indices] = [context.shapeOf(0), context.shapeOf(1)];
    context.setTensor(0, context.dtypeOf(0), indices && [...indices, table?.[1]]);
  },
});

export const microsoftGenerationRules = [
  beamSearch,
  greedySearch,
  nGramHash,
  tokenizer,
  murmurHash,
  wordEmbedding,
  embedding,
];
