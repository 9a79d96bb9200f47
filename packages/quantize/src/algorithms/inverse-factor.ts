/**
 * The upper triangular U [size, size] with (M + dI)⁻¹ = Uᵀ U, d `damping` times the mean of the diagonal; where M is 0 on the diagonal (an input that is always 0) it counts as 1. M is symmetric.
 * U is the inverse of R, M + dI = R Rᵀ with R upper triangular. O(size³).
 *
 * Source: Frantar et al., "GPTQ", ICLR 2023, section 3.3, step 3.
 */
export function inverseFactor(second: Float64Array, size: number, damping: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += second[i * size + i]!;
  const shift = (damping * trace) / size;
  const r = new Float64Array(size * size);
  for (let j = size - 1; j >= 0; j--) {
    const diagonal = second[j * size + j]!;
    let pivot = diagonal === 0 ? 1 : diagonal + shift;
    for (let p = j + 1; p < size; p++) pivot -= r[j * size + p]! ** 2;
    const root = Math.sqrt(Math.max(pivot, Number.MIN_VALUE));
    r[j * size + j] = root;
    for (let i = 0; i < j; i++) {
      let sum = second[i * size + j]!;
      for (let p = j + 1; p < size; p++) sum -= r[i * size + p]! * r[j * size + p]!;
      r[i * size + j] = sum / root;
    }
  }
  const u = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    u[j * size + j] = 1 / r[j * size + j]!;
    for (let i = j - 1; i >= 0; i--) {
      let sum = 0;
      for (let p = i + 1; p <= j; p++) sum += r[i * size + p]! * u[p * size + j]!;
      u[i * size + j] = -sum / r[i * size + i]!;
    }
  }
  return u;
}
