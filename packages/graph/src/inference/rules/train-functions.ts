import type { Dim } from '../../ir/dim.js';
import { defineRule, type InferenceContext } from '../rule.js';

const domain = 'gossamer.train';

/** The channels of x [N, C, ...]. */
const channelsOf = (context: InferenceContext, input: number): [Dim] => [context.shapeOf(input)?.[1]];

/** Elementwise and row-wise functions: the result has the type of input 0. */
const sameAsGradient = defineRule({
  op: ['ActivationGrad', 'SoftmaxGrad', 'LogSoftmaxGrad'],
  domain,
  infer: (_, context) => context.set(0, context.typeOf(0)),
});

/** x, scale, bias -> y, mean, variance, inv_std. */
const batchNormTrain = defineRule({
  op: 'BatchNormTrain',
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(0));
    for (const output of [1, 2, 3]) context.setTensor(output, context.dtypeOf(0), channelsOf(context, 0));
  },
});

/** dy, x, scale, mean, inv_std, y? -> dx, dscale, dbias. */
const batchNormGrad = defineRule({
  op: 'BatchNormGrad',
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(1));
    for (const output of [1, 2]) context.setTensor(output, context.dtypeOf(1), channelsOf(context, 1));
  },
});

/** dy, x, scale, mean, inv_std -> dx, dscale, dbias. */
const layerNormGrad = defineRule({
  op: 'LayerNormGrad',
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(1));
    for (const output of [1, 2]) context.set(output, context.typeOf(2));
  },
});

/** logits [N, C, d...], labels, weights -> loss [], log_prob. */
const softmaxCrossEntropy = defineRule({
  op: 'SoftmaxCrossEntropy',
  domain,
  infer(_, context) {
    context.setTensor(0, context.dtypeOf(0), []);
    context.set(1, context.typeOf(0));
  },
});

/** dloss, log_prob, labels, weights -> dlogits. */
const softmaxCrossEntropyGrad = defineRule({
  op: 'SoftmaxCrossEntropyGrad',
  domain,
  infer: (_, context) => context.set(0, context.typeOf(1)),
});

/** Functions of training graphs beside those of convolution, pooling and gathering. */
export const trainFunctionRules = [
  sameAsGradient,
  batchNormTrain,
  batchNormGrad,
  layerNormGrad,
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
];
