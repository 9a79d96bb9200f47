/** Seeded numbers of a normal distribution with mean 0 (Box and Muller). */
export function normalArray(count: number, deviation: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * uniform());
  });
}
