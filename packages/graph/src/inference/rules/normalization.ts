import { dtypeFromCode } from '../../dtype.js';
import { normaliseAxis, requireRank, requireRankFrom } from '../arguments.js';
import { defineRule } from '../rule.js';
import { agreedDim } from './concat.js';

const batchNormalization = defineRule({
  op: 'BatchNormalization',
  infer(node, context) {
    const data = requireRankFrom(context, 0, 1);
    context.set(0, context.typeOf(0));
    // Version 14 and later: running mean and variance; before: mean, variance, saved mean, saved variance.
    const own = data && (data.length > 1 ? data[1] : 1);
    const channels = [1, 2, 3, 4].reduce(
      (dim, input) => agreedDim(context, dim, requireRank(context, input, 1)?.[0]),
      own,
    );
    const dtype = context.opset >= 14 ? context.dtypeOf(3) : context.dtypeOf(0);
    for (let output = 1; output < node.outputs.length; output++) context.setTensor(output, dtype, [channels]);
  },
});

/** LayerNormalization: mean and inverse deviation have size 1 from `axis` on. */
const layerNormalization = defineRule({
  op: ['LayerNormalization', 'RMSNormalization'],
  infer(node, context) {
    const data = context.shapeOf(0);
    context.set(0, context.typeOf(0));
    const axis = data && normaliseAxis(context, node.int('axis', -1), data.length);
    const statistics = data?.map((dim, position) => (axis !== undefined && position >= axis ? 1 : dim));
    const dtype = dtypeFromCode(node.int('stash_type', 1));
    context.setTensor(1, dtype, statistics);
    context.setTensor(2, dtype, statistics);
  },
});

const dropout = defineRule({
  op: 'Dropout',
  infer(_, context) {
    context.setInfo(0, context.infoOf(0));
    // The mask had the dtype of the data before version 10.
    context.setTensor(1, context.opset < 10 ? context.dtypeOf(0) : 'bool', context.shapeOf(0));
  },
});

export const normalizationRules = [batchNormalization, layerNormalization, dropout];
