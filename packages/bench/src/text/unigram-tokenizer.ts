/** Ids below this one stand for nothing that is in a text. */
const RESERVED = 6;
const UNKNOWN = 0;
/** What SentencePiece writes for a space. */
const SPACE = '▁';

/**
 * The tokens of a text by a unigram vocabulary of [piece, log probability]: the split of largest probability (Viterbi). A character in no piece is UNKNOWN, runs of
 * them one token.
 *
 * Source: Kudo, "Subword Regularization", ACL 2018, section 3.2.
 */
export function unigramTokenizer(vocabulary: readonly (readonly [string, number])[]): (text: string) => number[] {
  const ids = new Map(vocabulary.map(([piece], id) => [piece, id]));
  for (let id = 0; id < RESERVED; id++) ids.delete(vocabulary[id]![0]);
  const longest = Math.max(...[...ids.keys()].map((piece) => piece.length));
  // Worse than any split into pieces that exist.
  const penalty = Math.min(...vocabulary.map(([, score]) => score)) - 10;
  return (text) => {
    const line = SPACE + text.normalize('NFKC').trim().replaceAll(/\s+/g, SPACE);
    const best = new Float64Array(line.length + 1).fill(-Infinity);
    const from = new Int32Array(line.length + 1);
    const token = new Int32Array(line.length + 1);
    best[0] = 0;
    for (let end = 1; end <= line.length; end++) {
      for (let start = Math.max(0, end - longest); start < end; start++) {
        const id = ids.get(line.slice(start, end));
        if (id === undefined && start < end - 1) continue;
        const score = best[start]! + (id === undefined ? penalty : vocabulary[id]![1]);
        if (score <= best[end]!) continue;
        best[end] = score;
        from[end] = start;
        token[end] = id ?? UNKNOWN;
      }
    }
    const tokens: number[] = [];
    for (let end = line.length; end > 0; end = from[end]!) {
      if (token[end] !== UNKNOWN || tokens.at(-1) !== UNKNOWN) tokens.push(token[end]!);
    }
    return tokens.reverse();
  };
}
