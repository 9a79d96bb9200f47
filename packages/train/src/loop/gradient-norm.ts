/** The 2-norm of all gradients as one vector, summed in double. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) for (const g of gradient) sum += g * g;
  return Math.sqrt(sum);
}
