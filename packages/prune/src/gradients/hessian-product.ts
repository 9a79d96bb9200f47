import type { GradientSession } from './gradient-session.js';
import { meanGradients } from './mean-gradients.js';

/**
 * Length of the step along v, as a share of the weights' norm. Errors of rounding fall with it, those of the third derivative rise with its square; the two meet near the cube root of float32's
 * precision, 2^-8.
 */
const STEP = 2 ** -8;

/**
 * H v: the Hessian of the mean loss of all samples times a vector, by central differences of gradients at w + e v and w - e v. All tensors of the session together are one vector. Weights are as they were
 * afterwards.
 *
 * Source: Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994, equation 2 (there one-sided).
 */
export async function hessianProduct(
  session: GradientSession,
  vector: ReadonlyMap<string, Float64Array>,
): Promise<Map<string, Float64Array>> {
  const norm = Math.sqrt(sumOfSquares(vector.values()));
  const result = new Map([...vector].map(([name, { length }]) => [name, new Float64Array(length)]));
  if (norm === 0) return result;
  const before = new Map([...session.weights].map(([name, data]) => [name, data.slice()]));
  const step = (STEP * (Math.sqrt(sumOfSquares(before.values())) || 1)) / norm;
  try {
    for (const sign of [1, -1]) {
      for (const [name, data] of session.weights) {
        const [from, v] = [before.get(name)!, vector.get(name)!];
        for (let i = 0; i < data.length; i++) data[i] = from[i]! + sign * step * v[i]!;
      }
      const gradients = await meanGradients(session);
      for (const [name, sum] of result) {
        const own = gradients.get(name)!;
        for (let i = 0; i < sum.length; i++) sum[i]! += (sign * own[i]!) / (2 * step);
      }
    }
  } finally {
    for (const [name, data] of session.weights) data.set(before.get(name)!);
  }
  return result;
}

function sumOfSquares(arrays: Iterable<Float32Array | Float64Array>): number {
  let sum = 0;
  for (const data of arrays) for (const value of data) sum += value * value;
  return sum;
}
