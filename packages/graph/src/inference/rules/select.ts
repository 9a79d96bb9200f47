import type { Dim } from '../../ir/dim.js';
import { normaliseAxis, numbersOf, requireRank } from '../arguments.js';
import { minDims, productOf } from '../dims.js';
import { defineRule } from '../rule.js';

const topK = defineRule({
  op: 'TopK',
  infer(node, context) {
    const source = context.shapeOf(0);
    const axis = source && normaliseAxis(context, node.int('axis', -1), source.length);
    const k: Dim = node.int('k', undefined) ?? context.dataOf(1)?.[0];
    const size = axis === undefined ? undefined : source?.[axis];
    if (typeof k === 'number' && typeof size === 'number' && k > size) throw context.error('k', `at most ${size}`, k);
    const shape = source?.map((dim, position) => (position === axis ? k : dim));
    context.setTensor(0, context.dtypeOf(0), shape);
    context.setTensor(1, 'int64', shape);
  },
});

const unique = defineRule({
  op: 'Unique',
  infer(node, context) {
    const source = context.shapeOf(0);
    const given = node.int('axis', undefined);
    const axis = given === undefined || !source ? undefined : normaliseAxis(context, given, source.length);
    const flat = given === undefined;
    const shape = flat ? [undefined] : source?.map((dim, position) => (position === axis ? undefined : dim));
    context.setTensor(0, context.dtypeOf(0), shape);
    context.setTensor(1, 'int64', [undefined]);
    const inputs = axis === undefined ? source && productOf(source) : source?.[axis];
    context.setTensor(2, 'int64', [flat || source ? inputs : undefined]);
    context.setTensor(3, 'int64', [undefined]);
  },
});

const nonZero = defineRule({
  op: 'NonZero',
  infer(_, context) {
    const source = context.shapeOf(0);
    const data = numbersOf(context, 0);
    const count = data?.filter((element) => element !== 0).length;
    // A rank-0 tensor counts as one of rank 1 in ONNX Runtime, not in the standard.
    const rank = source?.length || undefined;
    if (!data || source?.length !== 1) return context.setTensor(0, 'int64', [rank, count]);
    const found = data.flatMap((element, index) => (element === 0 ? [] : [index]));
    return context.setTensor(0, 'int64', [1, count], found);
  },
});

const nonMaxSuppression = defineRule({
  op: 'NonMaxSuppression',
  infer(_, context) {
    for (const input of [0, 1]) requireRank(context, input, 3);
    context.setTensor(0, 'int64', [undefined, 3]);
  },
});

const compress = defineRule({
  op: 'Compress',
  infer(node, context) {
    const source = context.shapeOf(0);
    const axis = node.int('axis', undefined);
    const condition = requireRank(context, 1, 1);
    const picked = numbersOf(context, 1)?.filter((element) => element !== 0).length;
    if (axis === undefined) return context.setTensor(0, context.dtypeOf(0), [picked]);
    const at = source && normaliseAxis(context, axis, source.length);
    const bound = at === undefined ? undefined : minDims(source?.[at], condition?.[0]);
    const size = bound === 0 ? 0 : picked;
    return context.setTensor(
      0,
      context.dtypeOf(0),
      source?.map((dim, position) => (position === at ? size : dim)),
    );
  },
});

const trilu = defineRule({ op: 'Trilu', infer: (_, context) => context.set(0, context.typeOf(0)) });

const det = defineRule({
  op: 'Det',
  infer: (_, context) => context.setTensor(0, context.dtypeOf(0), context.shapeOf(0)?.slice(0, -2)),
});

export const selectRules = [topK, unique, nonZero, nonMaxSuppression, compress, trilu, det];
