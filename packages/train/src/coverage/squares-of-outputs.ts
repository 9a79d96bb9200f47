import { isFloat, type Value } from '@gossamer/graph';
import type { Loss } from '../losses/loss.js';

/**
 * Mean of (output - target)^2 over the elements of each float output, summed over the outputs, whatever their axes mean. The data feed
 * `targets/<output>`, float32. For proofs: losses to train with know the axis of the samples.
 */
export const squaresOfOutputs: Loss = {
  name: 'squares-of-outputs',
  build({ g, outputs, output, input }) {
    let total: Value | undefined;
    for (const name of outputs) {
      const result = output(name);
      if (!isFloat(g.dtype(result))) continue;
      const difference = g.sub(result, input(`targets/${name}`, 'float32', g.shape(result)));
      const axes = g.shape(result).map((_, axis) => axis);
      const mean = g.scale(g.reshape(g.sum(g.mul(difference, difference), axes), []), 1 / g.size(result));
      total = total ? g.add(total, mean) : mean;
    }
    return total ?? g.constant(0);
  },
};
