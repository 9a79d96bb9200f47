import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { texts } from '../../testing/ort.js';
import { type Attributes, elementsOf, evaluateOperator, expectSameAsOrt } from '../../testing/same-as-ort.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

/** Three 1-grams, three 2-grams and one 3-gram. */
const POOL = [2, 3, 5, 5, 4, 5, 6, 7, 8, 2, 3, 5];
const GRAMS = 7;
const TOKENS = [1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8, 2, 3, 5, 4];

const vectorizer: Attributes = {
  mode: 'TF',
  min_gram_length: 1,
  max_gram_length: 3,
  max_skip_count: 0,
  ngram_counts: [0, 3, 9],
  ngram_indexes: [0, 1, 2, 3, 4, 5, 6],
  pool_int64s: POOL,
};
const weights = attribute.floats([0.5, 2, 3, 4, 5, 6, 7]);
const tokens = (dtype: 'int32' | 'int64', dims: readonly number[]) => Tensor.fromNumbers(dtype, dims, TOKENS);

test.each(['TF', 'IDF', 'TFIDF'])('%s, with and without weights, skips and lengths', async (mode) => {
  for (const own of [{ mode }, { mode, weights }]) {
    for (const max_skip_count of [0, 1, 5]) {
      const model = { ...vectorizer, ...own, max_skip_count };
      await expectSameAsOrt('TfIdfVectorizer', [tokens('int64', [16])], model, 0);
      await expectSameAsOrt('TfIdfVectorizer', [tokens('int32', [2, 8])], { ...model, min_gram_length: 2 }, 0);
      await expectSameAsOrt('TfIdfVectorizer', [tokens('int64', [4, 4])], { ...model, max_gram_length: 2 }, 0);
    }
  }
});

test('strings', async () => {
  const { pool_int64s: _, ...rest } = vectorizer;
  const model = { ...rest, pool_strings: attribute.strings(POOL.map((token) => `t${token}`)) };
  await expectSameAsOrt(
    'TfIdfVectorizer',
    [
      texts(
        [16],
        TOKENS.map((token) => `t${token}`),
      ),
    ],
    model,
    0,
  );
});

test('weights belong to n-grams, not to places of the output (as ONNX Runtime has it)', () => {
  const model = { ...vectorizer, mode: 'TFIDF', weights, ngram_indexes: [6, 5, 4, 3, 2, 1, 0] };
  const [result] = evaluateOperator('TfIdfVectorizer', [Tensor.fromNumbers('int64', [3], [2, 2, 3])], model);
  // Twice the 1-gram [2] of weight 0.5, once [3] of weight 2.
  expect(elementsOf(result!)).toEqual([0, 0, 0, 0, 0, 2, 1]);
});

test('an empty row, and a skip count without end', () => {
  const run = (dims: readonly number[], values: readonly number[], max_skip_count: number) =>
    elementsOf(
      evaluateOperator('TfIdfVectorizer', [Tensor.fromNumbers('int64', dims, values)], {
        ...vectorizer,
        max_skip_count,
      })[0]!,
    );
  expect(run([0], [], 0)).toEqual(new Array<number>(GRAMS).fill(0));
  // [7, 8] is found 1 apart and 2 apart.
  expect(run([3], [7, 8, 8], Number.MAX_SAFE_INTEGER)).toEqual([0, 0, 0, 0, 0, 2, 0]);
});

test.each([
  ['ERR_EVAL_OP', { mode: 'BM25' }],
  ['ERR_EVAL_VALUE', { ngram_counts: [0, 3, 8] }],
  ['ERR_EVAL_VALUE', { ngram_counts: [0, 9, 3] }],
  ['ERR_EVAL_VALUE', { ngram_indexes: [0] }],
  ['ERR_EVAL_VALUE', { ngram_indexes: [0, 1, 2, 3, 4, 5, -6] }],
  ['ERR_EVAL_VALUE', { weights: attribute.floats([1]) }],
  ['ERR_EVAL_VALUE', { pool_int64s: [2, 2, 5, 5, 4, 5, 6, 7, 8, 2, 3, 5] }],
] as const)('%s %#', (expected, changes) => {
  const model: Attributes = { ...vectorizer, ...changes };
  expect(() => evaluateOperator('TfIdfVectorizer', [tokens('int64', [16])], model)).toThrow(code(expected));
});
