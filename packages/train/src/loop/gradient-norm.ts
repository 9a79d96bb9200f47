/**
 * The 2-norm of all gradients as one vector, summed in double. Elements whose mask, that of the same place in `masks`, is 0 are left out:
 * their weights do not move.
 */
export function gradientNorm(
  gradients: Iterable<Float32Array>,
  masks: readonly (Uint8Array | undefined)[] = [],
): number {
  let sum = 0;
  let at = 0;
  for (const gradient of gradients) {
    const mask = masks[at++];
    if (!mask) for (const g of gradient) sum += g * g;
    else for (let i = 0; i < gradient.length; i++) if (mask[i] !== 0) sum += gradient[i]! * gradient[i]!;
  }
  return Math.sqrt(sum);
}
