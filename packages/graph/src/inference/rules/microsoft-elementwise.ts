import { divideDims } from '../../ir/dim.js';
import { normaliseAxis } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { broadcastInputs } from './binary.js';
import { concatShapes } from './concat.js';

const domain = 'com.microsoft';
const same = (_: unknown, context: InferenceContext): void => context.set(0, context.typeOf(0));

/** Quantized binary operators: A, scale, zero point, B, scale, zero point, ... */
const quantizedBinary = defineRule({
  op: ['QLinearAdd', 'QLinearMul'],
  domain,
  infer: (_, context) => context.setTensor(0, context.dtypeOf(0), broadcastInputs(context, [0, 3])),
});

const quantizedWhere = defineRule({
  op: 'QLinearWhere',
  domain,
  infer: (_, context) => context.setTensor(0, context.dtypeOf(1), broadcastInputs(context, [0, 1, 4])),
});

/** Output scale and zero point, then a tensor, its scale and its zero point for each part. */
const quantizedConcat = defineRule({
  op: 'QLinearConcat',
  domain,
  infer(node, context) {
    const shapes = [];
    for (let input = 2; input < node.inputs.length; input += 3) {
      const shape = context.shapeOf(input);
      if (!shape) return context.setTensor(0, context.dtypeOf(1), undefined);
      shapes.push(shape);
    }
    if (!shapes[0]) throw context.error('inputs', 'at least one tensor', node.inputs.length);
    const axis = normaliseAxis(context, node.int('axis', 0), shapes[0].length);
    return context.setTensor(0, context.dtypeOf(1), concatShapes(context, shapes, axis));
  },
});

/** Splits the last axis in two halves and multiplies one with the Gelu of the other. */
const biasSplitGelu = defineRule({
  op: 'BiasSplitGelu',
  domain,
  infer(_, context) {
    const shape = context.shapeOf(0);
    context.setTensor(0, context.dtypeOf(0), shape && [...shape.slice(0, -1), divideDims(shape.at(-1), 2)]);
  },
});

export const microsoftElementwiseRules = [
  quantizedBinary,
  quantizedWhere,
  quantizedConcat,
  biasSplitGelu,
  defineRule({
    op: [
      'QLinearSigmoid',
      'QLinearLeakyRelu',
      'QLinearSoftmax',
      'Gelu',
      'FastGelu',
      'QuickGelu',
      'BiasGelu',
      'BiasSoftmax',
      'BiasAdd',
      'GatedAdd',
      'GroupNorm',
      'GatedRMSNorm',
      'RotaryEmbedding',
      'MRotaryEmbedding',
      'Inverse',
      'Trilu',
      'NGramRepeatBlock',
      'ComplexMul',
      'ComplexMulConj',
      'MoE',
      'QMoE',
      'LongformerAttention',
      'QOrderedLongformerAttention',
      'QOrderedGelu',
      'QOrderedLayerNormalization',
      'EngramGate',
      'SampleOp',
    ],
    domain,
    infer: same,
  }),
  defineRule({
    op: ['BiasDropout', 'BitmaskDropout', 'BitmaskBiasDropout'],
    domain,
    infer(node, context) {
      context.set(0, context.typeOf(0));
      if (node.op === 'BiasDropout') context.setTensor(1, 'bool', context.shapeOf(0));
    },
  }),
  defineRule({
    op: 'SkipGroupNorm',
    domain,
    infer(_, context) {
      context.set(0, context.typeOf(0));
      context.set(1, context.typeOf(0));
    },
  }),
];
