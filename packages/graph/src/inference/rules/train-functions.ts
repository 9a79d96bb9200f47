import type { Dim } from '../../ir/dim.js';
import { defineRule, type InferenceContext } from '../rule.js';

const domain = 'gossamer.train';

/** The channels of x [N, C, ...]. */
const channelsOf = (context: InferenceContext, input: number): [Dim] => [context.shapeOf(input)?.[1]];

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

/** Functions of training graphs around batch normalisation. */
export const trainFunctionRules = [batchNormTrain, batchNormGrad];
