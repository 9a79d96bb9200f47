import { defineFunction } from './train-function.js';

/** Its input, as it is; the gradient that flows back is multiplied by the attribute factor. */
export const gradientScaleFunction = defineFunction({
  name: 'GradientScale',
  body: (g, _, inputs) => [g.op('Identity', [inputs[0]])],
});
