import type { Loss } from './loss.js';
import { weightedMean } from './weighted-mean.js';

/** Mean of (output - target)^2 over all elements. The data feed `targets`, float32, of the output's shape. */
export function meanSquaredError(options: { readonly output?: string } = {}): Loss {
  return {
    name: 'mean-squared-error',
    build(context) {
      const { g, output, input } = context;
      const result = output(options.output);
      const difference = g.sub(result, input('targets', 'float32', g.shape(result)));
      return weightedMean(context, g.mul(difference, difference));
    },
  };
}
