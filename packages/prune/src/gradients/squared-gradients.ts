import type { GradientSession } from './gradient-session.js';
import { divided, sumsLike } from './mean-gradients.js';

/** The mean over the session's batches of the squared gradient. With batches of one sample: the diagonal of the Fisher information (the empirical one where labels are the data's). */
export async function squaredGradients(session: GradientSession): Promise<Map<string, Float64Array>> {
  const sums = sumsLike(session);
  let batches = 0;
  for await (const { gradients } of session.batches()) {
    for (const [name, sum] of sums) {
      const own = gradients.get(name)!;
      for (let i = 0; i < sum.length; i++) sum[i]! += own[i]! * own[i]!;
    }
    batches++;
  }
  return divided(sums, batches);
}
