import { defineGroupRule } from '../rule.js';

/** Reductions: axes that are not reduced pass. */
export const reduction = defineGroupRule({
  ops: [
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSum',
    'ReduceLogSumExp',
    'ReduceMax',
    'ReduceMean',
    'ReduceMin',
    'ReduceProd',
    'ReduceSum',
    'ReduceSumSquare',
    'ArgMax',
    'ArgMin',
  ],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x) return;
    const isArg = node.op.startsWith('Arg');
    const given = isArg ? [node.int('axis', 0)] : (node.ints('axes', undefined) ?? axes.constant(1)?.toIntegers());
    const isNoOp = !isArg && !given?.length && node.int('noop_with_empty_axes', 0) === 1;
    if (!isArg && node.input(1) && !axes.constant(1)) return;
    const rank = axes.rank(x);
    const all = Array.from({ length: rank }, (_, i) => i);
    const reduced = isNoOp ? [] : given?.length ? given.map((axis) => axes.axis(x, axis)) : all;
    const keeps = node.int('keepdims', 1) === 1;
    let target = 0;
    for (const axis of all) {
      const isReduced = reduced.includes(axis);
      if (!isReduced) axes.tie(x, axis, node.output, target);
      if (!isReduced || keeps) target++;
    }
  },
});

/** Operators that mix the elements of one axis and leave all others alone. */
export const alongAxis = defineGroupRule({
  ops: ['CumSum', 'Hardmax', 'LogSoftmax', 'LpNormalization', 'Softmax', 'TopK'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x) return;
    const isSoftmax = /max$/.test(node.op);
    const given =
      node.op === 'CumSum' ? axes.constant(1)?.item() : node.int('axis', isSoftmax && axes.opset < 13 ? 1 : -1);
    if (given === undefined) return;
    const mixed = axes.axis(x, given);
    for (let axis = 0; axis < axes.rank(x); axis++) {
      // Before opset 13 a Softmax was over all axes from this one on.
      if (axis === mixed || (isSoftmax && axes.opset < 13 && axis > mixed)) continue;
      for (const output of node.outputs) if (output) axes.tie(x, axis, output, axis);
    }
  },
});
