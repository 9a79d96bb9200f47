import type { DType } from '../../dtype.js';
import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { integersOf, lengthOf, normaliseAxes, normaliseAxis, unknownShape } from '../arguments.js';
import { elementAt, fillData } from '../data-array.js';
import type { Shape } from '../dims.js';
import { addElements, maxElements, minElements, multiplyElements } from '../integer-math.js';
import { defineRule, type Data, type DataArray, type InferenceContext } from '../rule.js';

type Fold = (a: Dim, b: Dim) => Dim;

/** The axes a reduction goes over; undefined when not known. */
function reducedAxes(node: Node, context: InferenceContext, rank: number): number[] | undefined {
  const axes = integersOf(node, context, 'axes', 1);
  if (axes === undefined) return undefined;
  if (axes === 'absent' || axes.length === 0) {
    return node.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
  }
  return normaliseAxes(context, axes, rank);
}

function reducedShape(source: Shape, axes: readonly number[], keep: boolean): Dim[] {
  if (keep) return source.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return source.filter((_, axis) => !axes.includes(axis));
}

function foldData(array: DataArray, axes: readonly number[], fold: Fold): Data | undefined {
  const kept = array.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const window = array.dims.map((dim, axis) => (axes.includes(axis) ? dim : 1));
  return fillData(kept, (origin) => {
    const elements = fillData(window, (offset) =>
      elementAt(
        array,
        origin.map((at, axis) => at + offset[axis]!),
      ),
    );
    // An empty reduction has an operator-specific identity: not followed.
    return elements && elements.length > 0 ? elements.reduce(fold) : undefined;
  });
}

function inferReduce(node: Node, context: InferenceContext, dtype: DType | undefined, fold?: Fold): void {
  const source = context.shapeOf(0);
  const keep = node.int('keepdims', 1) === 1;
  if (!source) return context.setTensor(0, dtype, undefined);
  const axes = reducedAxes(node, context, source.length);
  if (!axes) {
    const count = lengthOf(context, 1);
    const rank = keep ? source.length : count === undefined || count === 0 ? undefined : source.length - count;
    return context.setTensor(0, dtype, rank === undefined || rank < 0 ? undefined : unknownShape(rank));
  }
  const array = fold && context.arrayOf(0);
  return context.setTensor(0, dtype, reducedShape(source, axes, keep), array && foldData(array, axes, fold));
}

const reduction = (op: string | readonly string[], fold?: Fold) =>
  defineRule({ op, infer: (node, context) => inferReduce(node, context, context.dtypeOf(0), fold) });

const argument = defineRule({
  op: ['ArgMax', 'ArgMin'],
  infer(node, context) {
    const source = context.shapeOf(0);
    if (!source) return context.setTensor(0, 'int64', undefined);
    const axis = normaliseAxis(context, node.int('axis', 0), source.length);
    return context.setTensor(0, 'int64', reducedShape(source, [axis], node.int('keepdims', 1) === 1));
  },
});

export const reduceRules = [
  reduction('ReduceSum', addElements),
  reduction('ReduceProd', multiplyElements),
  reduction('ReduceMax', maxElements),
  reduction('ReduceMin', minElements),
  reduction(['ReduceMean', 'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare']),
  argument,
  defineRule({
    op: 'ReduceSumInteger',
    domain: 'com.microsoft',
    infer: (node, context) => inferReduce(node, context, context.dtypeOf(0) === 'uint8' ? 'uint32' : 'int32'),
  }),
  defineRule({
    op: 'QLinearReduceMean',
    domain: 'com.microsoft',
    infer(node, context) {
      // Input 1 is a scale here: the axes are an attribute.
      const source = context.shapeOf(0);
      const given = node.ints('axes', undefined);
      const axes = source && (given ? normaliseAxes(context, given, source.length) : source.map((_, axis) => axis));
      const shape = source && axes && reducedShape(source, axes, node.int('keepdims', 1) === 1);
      context.setTensor(0, context.dtypeOf(0), shape);
    },
  }),
];
