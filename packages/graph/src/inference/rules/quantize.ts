import type { DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import { requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { dtypeOfCode } from './cast.js';

/** The dtype `output_dtype` names (0: not given). */
function outputDType(node: Node, context: InferenceContext): DType | undefined {
  const code = node.int('output_dtype', 0);
  return code === 0 ? undefined : dtypeOfCode(context, 'output_dtype', code);
}

/** The scale has rank 0 or 1 (per tensor, per axis), or for blocks the rank of the data with one axis divided. */
function checkScale(node: Node, context: InferenceContext): void {
  const [data, scale] = [context.shapeOf(0), context.shapeOf(1)];
  const block = node.int('block_size', 0);
  if (block < 0) throw context.error('block_size', 'an integer >= 0', block);
  if (!data || !scale) return;
  if (block > 0 && scale.length !== data.length) throw context.error('scale', `rank ${data.length}`, [...scale]);
  if (block === 0 && scale.length > 1) throw context.error('scale', 'rank 0 or 1', [...scale]);
  if (block > 0 || scale.length === 0) return;
  const axis = node.int('axis', 1);
  const size = data[axis < 0 ? axis + data.length : axis];
  const [count] = scale;
  if (typeof count === 'number' && typeof size === 'number' && count !== 1 && count !== size) {
    throw context.error('scale', `1 or ${size} elements`, count);
  }
}

const quantizeLinear = defineRule({
  op: 'QuantizeLinear',
  infer(node, context) {
    checkScale(node, context);
    const [named, zeroPoint] = [outputDType(node, context), context.has(2) ? context.dtypeOf(2) : undefined];
    if (named && zeroPoint && named !== zeroPoint) throw context.error('output_dtype', zeroPoint, named);
    const dtype = context.has(2) ? zeroPoint : (named ?? 'uint8');
    context.setTensor(0, dtype, context.shapeOf(0));
  },
});

const dequantizeLinear = defineRule({
  op: 'DequantizeLinear',
  infer(node, context) {
    checkScale(node, context);
    const [data, zeroPoint] = [context.dtypeOf(0), context.has(2) ? context.dtypeOf(2) : undefined];
    if (data && zeroPoint && data !== zeroPoint) throw context.error('zero_point', data, zeroPoint);
    context.setTensor(0, outputDType(node, context) ?? context.dtypeOf(1), context.shapeOf(0));
  },
});

const dynamicQuantizeLinear = defineRule({
  op: 'DynamicQuantizeLinear',
  infer(_, context) {
    context.setTensor(0, 'uint8', context.shapeOf(0));
    context.setTensor(1, 'float32', []);
    context.setTensor(2, 'uint8', []);
  },
});

const domain = 'com.microsoft';

export const quantizeRules = [
  quantizeLinear,
  dequantizeLinear,
  dynamicQuantizeLinear,
  defineRule({
    op: 'QuantizeLinear',
    domain,
    infer: (_, context) => context.setTensor(0, context.has(2) ? context.dtypeOf(2) : 'uint8', context.shapeOf(0)),
  }),
  defineRule({
    op: 'DequantizeLinear',
    domain,
    infer: (_, context) => context.setTensor(0, context.dtypeOf(1), requireRankFrom(context, 0, 0)),
  }),
];
