/** A reproducible stream of pseudo-random numbers: the same seed gives the same stream on every machine. */
export interface SeededRandom {
  /** The next number, uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound); `bound` is a positive integer. */
  integer(bound: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
  /** Approximately standard normal: twelve uniforms, so plain additions only and no platform-dependent logarithm. */
  normal(): number;
}

// A local name: jest looks each global up through its sandbox, a hundred times slower.
const { imul } = Math;

/**
 * Creates a stream from an integer seed (its low 32 bits count).
 *
 * Source: the mulberry32 generator (Tommy Ettinger, public domain): period 2^32.
 */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = imul(state ^ (state >>> 15), state | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const integer = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    integer,
    between: (low, high) => low + (high - low) * next(),
    pick: (items) => items[integer(items.length)]!,
    normal: () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
  };
}
