import type { GradientSession } from './gradient-session.js';

/** The gradient of the mean loss of all samples, by name of the stored tensor and in its layout. */
export async function meanGradients(session: GradientSession): Promise<Map<string, Float64Array>> {
  const sums = sumsLike(session);
  let samples = 0;
  for await (const { gradients, count } of session.batches()) {
    for (const [name, sum] of sums) {
      const own = gradients.get(name)!;
      for (let i = 0; i < sum.length; i++) sum[i]! += count * own[i]!;
    }
    samples += count;
  }
  return divided(sums, samples);
}

/** Zeros, one for each element of each of the session's tensors. */
export const sumsLike = ({ weights }: GradientSession): Map<string, Float64Array> =>
  new Map([...weights].map(([name, { length }]) => [name, new Float64Array(length)]));

/** `sums` themselves, divided by `count`. */
export function divided(sums: Map<string, Float64Array>, count: number): Map<string, Float64Array> {
  for (const sum of sums.values()) for (let i = 0; i < sum.length; i++) sum[i]! /= count;
  return sums;
}
