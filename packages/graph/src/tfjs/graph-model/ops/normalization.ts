import { attribute } from '../../../ir/attribute.js';
import { softmax } from '../../activation.js';
import { batchNormalization } from '../../batch-normalization.js';
import { channelsFirstOperand } from '../../operand.js';
import { defineOp } from '../tf-node.js';

export const normalizationOps = [
  defineOp(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'], (node) => {
    if (node.def.string('data_format', 'NHWC') !== 'NHWC') throw node.error('data_format', 'NHWC', 'another');
    if (node.def.bool('is_training', false)) throw node.error('is_training', 'false', 'true');
    return batchNormalization(node.e, node.operand(0), {
      scale: node.operand(1),
      offset: node.operand(2),
      mean: node.operand(3),
      variance: node.operand(4),
      epsilon: node.def.float('epsilon', 1e-3),
    });
  }),
  defineOp('LRN', (node) => {
    const size = 2 * node.def.int('depth_radius', 5) + 1;
    return channelsFirstOperand(
      node.e.op('LRN', [node.e.channelsFirst(node.operand(0))], {
        size,
        // ONNX divides alpha by the number of channels in the window.
        alpha: attribute.float(node.def.float('alpha', 1) * size),
        beta: attribute.float(node.def.float('beta', 0.5)),
        bias: attribute.float(node.def.float('bias', 1)),
      }),
    );
  }),
  defineOp('Softmax', (node) => softmax(node.e, 'Softmax', node.operand(0))),
  defineOp('LogSoftmax', (node) => softmax(node.e, 'LogSoftmax', node.operand(0))),
];
