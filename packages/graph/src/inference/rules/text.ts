import { dtypeFromCode } from '../../dtype.js';
import { requireRank } from '../arguments.js';
import { defineRule } from '../rule.js';

/** TfIdfVectorizer: one weight an n-gram of the pool. */
const tfIdf = defineRule({
  op: 'TfIdfVectorizer',
  infer(node, context) {
    const source = requireRank(context, 0, 1, 2);
    const indexes = node.ints('ngram_indexes', []);
    const width = indexes.reduce((largest, index) => Math.max(largest, index + 1), 0);
    context.setTensor(0, 'float32', source && [...source.slice(0, -1), width]);
  },
});

/** StringNormalizer drops stop words: how many is known only without any. */
const stringNormalizer = defineRule({
  op: 'StringNormalizer',
  infer(node, context) {
    const source = requireRank(context, 0, 1, 2);
    const drops = node.strings('stopwords', []).length > 0;
    context.setTensor(0, 'string', drops ? source && [...source.slice(0, -1), undefined] : source);
  },
});

const stringSplit = defineRule({
  op: 'StringSplit',
  infer(_, context) {
    const source = context.shapeOf(0);
    context.setTensor(0, 'string', source && [...source, undefined]);
    context.setTensor(1, 'int64', source);
  },
});

const imageDecoder = defineRule({
  op: 'ImageDecoder',
  infer(node, context) {
    const channels = node.string('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3;
    context.setTensor(0, dtypeFromCode(2), [undefined, undefined, channels]);
  },
});

export const textRules = [tfIdf, stringNormalizer, stringSplit, imageDecoder];
