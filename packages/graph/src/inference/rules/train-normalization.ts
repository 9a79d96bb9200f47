import { requireRank, requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { agreedDim } from './concat.js';

const domain = 'gossamer.train';

/** The channels of data [n, c, ..], on which the vectors in slots `vectors` agree. */
function channelsOf(context: InferenceContext, data: number, vectors: readonly number[]) {
  const own = requireRankFrom(context, data, 2)?.[1];
  return vectors.reduce((dim, input) => agreedDim(context, dim, requireRank(context, input, 1)?.[0]), own);
}

/** y, and the mean, variance and inverse deviation [c] of the batch. */
const batchNormTrain = defineRule({
  op: 'BatchNormTrain',
  domain,
  infer(_, context) {
    const channels = channelsOf(context, 0, [1, 2]);
    context.setTensor(0, context.dtypeOf(0), context.shapeOf(0));
    for (const output of [1, 2, 3]) context.setTensor(output, context.dtypeOf(0), [channels]);
  },
});

/** dx, dscale [c] and dbias [c] from dy, x, scale, mean and inverse deviation. */
const batchNormGrad = defineRule({
  op: 'BatchNormGrad',
  domain,
  infer(_, context) {
    const channels = channelsOf(context, 1, [2, 3, 4]);
    context.setTensor(0, context.dtypeOf(1), context.shapeOf(1));
    for (const output of [1, 2]) context.setTensor(output, context.dtypeOf(1), [channels]);
  },
});

/** Batch normalisation by the statistics of the batch. */
export const trainNormalizationRules = [batchNormTrain, batchNormGrad];
