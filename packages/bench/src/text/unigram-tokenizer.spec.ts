import { unigramTokenizer } from './unigram-tokenizer.js';

const vocabulary = [
  ...['?', '<s>', '</s>', 'a', 'b', 'c'].map((piece): [string, number] => [piece, 0]),
  ...([
    ['▁', -3],
    ['▁the', -1],
    ['▁t', -2],
    ['he', -2],
    ['▁cat', -4],
    ['s', -2],
    ['▁cats', -7],
  ] as [string, number][]),
] as const;
const encode = unigramTokenizer(vocabulary);

test.each([
  ['the', [7]],
  ['the  cats ', [7, 10, 11]],
  ['THE cat', [6, 0, 10]],
  ['', [6]],
])('%j is the likeliest split', (text, tokens) => {
  expect(encode(text)).toEqual(tokens);
});
