import type { Value } from '@gossamer/graph';
import { epsilonOf, standardised } from './layer-normalization.js';
import { defineLowering } from './lowering.js';
import { rmsNormalized } from './rms-normalization.js';
import type { Emitter } from '../emit/emitter.js';

const domain = 'com.microsoft';

const sumOf = (g: Emitter, input: Value, skip: Value, bias: Value | undefined): Value => {
  const sum = g.add(input, skip);
  return bias ? g.add(sum, bias) : sum;
};

/** LayerNormalization of input + skip + bias over the last axis; outputs: result, mean, 1 / deviation, the sum. */
export const skipLayerNormalizationLowering = defineLowering({
  op: 'SkipLayerNormalization',
  domain,
  lower(g, node, inputs) {
    const [input, skip, scale, shift, bias] = inputs;
    const sum = sumOf(g, input!, skip!, bias);
    return [...standardised(g, sum, -1, epsilonOf(node, 1e-12), scale, shift), sum];
  },
});

/** The same without centring and shift; its output 1 is not defined. */
export const skipRmsNormalizationLowering = defineLowering({
  op: 'SkipSimplifiedLayerNormalization',
  domain,
  lower(g, node, inputs) {
    const [input, skip, scale, bias] = inputs;
    const sum = sumOf(g, input!, skip!, bias);
    const [y, inverse] = rmsNormalized(g, sum, scale!, -1, epsilonOf(node, 1e-12));
    return [y, undefined, inverse, sum];
  },
});
