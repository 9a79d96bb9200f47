/** A generator of 32-bit numbers; the same numbers for the same seed. Source: mulberry32, T. Ettinger. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Bytes that mean something on the wire: ends and borders of varints, common tags. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x3a, 0x08, 0x0f];

/** `count` damaged copies of the seeds, each with one to four changes; the same ones for the same arguments. */
export function* mutations(seeds: readonly Uint8Array[], count: number, seed: number): Generator<Uint8Array> {
  const random = randomNumbers(seed);
  const below = (limit: number) => random() % Math.max(1, limit);
  for (let i = 0; i < count; i++) {
    let bytes = Buffer.from(seeds[below(seeds.length)]!);
    for (let changes = 1 + below(4); changes > 0; changes--) bytes = change(bytes, seeds, below);
    yield new Uint8Array(bytes);
  }
}

function change(
  bytes: Buffer<ArrayBuffer>,
  seeds: readonly Uint8Array[],
  below: (limit: number) => number,
): Buffer<ArrayBuffer> {
  const at = below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + below(16));
  const [head, piece, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (below(7)) {
    case 0:
      return Buffer.concat([head, tail]);
    case 1:
      return Buffer.concat([head, piece, piece, tail]);
    case 2:
      return Buffer.concat([head, Buffer.alloc(piece.length, TELLING[below(TELLING.length)]!), tail]);
    case 3:
      return Buffer.concat([head, Buffer.from([TELLING[below(TELLING.length)]!]), piece, tail]);
    case 4: {
      // A piece of another file.
      const other = seeds[below(seeds.length)]!;
      const from = below(other.length);
      return Buffer.concat([head, other.subarray(from, from + below(40)), tail]);
    }
    case 5: {
      const changed = Buffer.from(bytes);
      if (at < changed.length) changed[at] = below(256);
      return changed;
    }
    default:
      return Buffer.from(piece.length > 0 ? Buffer.concat([head, Buffer.from(piece).reverse(), tail]) : bytes);
  }
}
