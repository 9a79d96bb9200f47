/** Even numbers in (0, 1), the same for a seed. Source: mulberry32, Tommy Ettinger. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Normally distributed numbers (Box and Muller). */
export function randomFloats(length: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()));
}

/** The mean of x xᵀ over `count` vectors whose columns go together: each is mixed with the one before it. */
export function correlatedMoment(columns: number, count: number, seed: number): Float64Array {
  const values = randomFloats(count * columns, seed);
  const moment = new Float64Array(columns ** 2);
  for (let v = 0; v < values.length; v += columns) {
    for (let i = 1; i < columns; i++) values[v + i] = 0.8 * values[v + i - 1]! + 0.6 * values[v + i]!;
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) moment[i * columns + j]! += (values[v + i]! * values[v + j]!) / count;
    }
  }
  return moment;
}
