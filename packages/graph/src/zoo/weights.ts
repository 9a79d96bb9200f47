/** Deterministic weights for hand-built models: speed and memory are real, predictions are not. */

/** A 32-bit generator with a 32-bit state (mulberry32): enough for random weights, the same on every machine. */
function generator(seed: number): () => number {
  // A local: a global's property is looked up at every call in an isolated context (tests, vm), 25 times slower.
  const { imul } = Math;
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = imul(t ^ (t >>> 15), t | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where a builder takes its weights from. */
export interface WeightInit {
  /** Normal with deviation `deviation` (the sum of four uniform numbers: within 0.3 % of normal up to two deviations). */
  normal(length: number, deviation: number): Float32Array;
  /** Uniform in [low, high). */
  uniform(length: number, low: number, high: number): Float32Array;
}

/** Weights from `seed`: equal seeds give equal bytes. */
export function seededWeights(seed: number): WeightInit {
  const next = generator(seed);
  return {
    normal: (length, deviation) => {
      const out = new Float32Array(length);
      // The sum of four uniform numbers has variance 1/3.
      const scale = deviation * Math.sqrt(3);
      for (let i = 0; i < length; i++) out[i] = (next() + next() + next() + next() - 2) * scale;
      return out;
    },
    uniform: (length, low, high) => Float32Array.from({ length }, () => low + next() * (high - low)),
  };
}
