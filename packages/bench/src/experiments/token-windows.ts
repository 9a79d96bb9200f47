import type { Dataset } from '@gossamer/train';

/** Every window of `context` tokens of a stream, and the token that follows each position: `tokens` and `labels`. */
export function tokenWindows(stream: ArrayLike<number>, context: number): Dataset {
  const port = { dtype: 'int64', shape: [context] } as const;
  return {
    length: stream.length - context,
    arrays: new Map([
      ['tokens', port],
      ['labels', port],
    ]),
    read(indices, { tokens, labels }) {
      indices.forEach((first, row) => {
        for (let i = 0; i < context; i++) {
          if (tokens) tokens[row * context + i] = BigInt(stream[first + i]!);
          if (labels) labels[row * context + i] = BigInt(stream[first + i + 1]!);
        }
      });
    },
  };
}
