import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { boundsOf, lengthOf, normaliseAxes, numbersOf } from '../arguments.js';
import { elementAt, fillData } from '../data-array.js';
import { sliceBounds, sliceLength } from '../dims.js';
import { defineRule, type Data, type DataArray, type InferenceContext } from '../rule.js';

interface Cut {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  /** undefined: not known; never 0. */
  readonly step: number | undefined;
}

/** Contents of a slice, all bounds being numbers. */
export function sliceData(array: DataArray, cuts: readonly Cut[]): Data | undefined {
  const first = array.dims.map(() => 0);
  const steps = array.dims.map(() => 1);
  const dims = [...array.dims];
  for (const { axis, start, end, step } of cuts) {
    if (typeof start !== 'number' || typeof end !== 'number' || step === undefined) return undefined;
    const bounds = sliceBounds(array.dims[axis]!, start, end, step);
    first[axis] = bounds.first;
    steps[axis] = step;
    dims[axis] = Math.max(0, Math.ceil((bounds.last - bounds.first) / step));
  }
  return fillData(dims, (index) =>
    elementAt(
      array,
      index.map((at, axis) => first[axis]! + at * steps[axis]!),
    ),
  );
}

/** The cuts of a Slice: attributes in version 1, inputs since 10; undefined when the axes are not known. */
function cutsOf(node: Node, context: InferenceContext, rank: number): Cut[] | undefined {
  const fromAttributes = node.has('starts');
  const starts = fromAttributes ? boundsOf(node, 'starts') : elements(context, 1);
  const ends = fromAttributes ? boundsOf(node, 'ends') : elements(context, 2);
  const count = starts?.length ?? ends?.length;
  const given = fromAttributes
    ? node.ints('axes', undefined)
    : context.has(3)
      ? (numbersOf(context, 3) ?? 'unknown')
      : undefined;
  if (given === 'unknown' || count === undefined) return undefined;
  if (!given && count > rank) throw context.error('starts', `at most ${rank}`, count);
  const axes = normaliseAxes(context, given ?? Array.from({ length: count }, (_, axis) => axis), rank);
  const steps = context.has(4) ? elements(context, 4) : undefined;
  if ([starts, ends, steps].some((list) => list && list.length !== axes.length)) {
    throw context.error(
      'starts, ends and steps',
      `${axes.length} elements`,
      `${starts?.length}, ${ends?.length}, ${steps?.length}`,
    );
  }
  return axes.map((axis, index) => {
    const step = context.has(4) ? steps?.[index] : 1;
    if (step === 0) throw context.error('steps', 'numbers other than 0', 0);
    return { axis, start: starts?.[index], end: ends?.[index], step: typeof step === 'number' ? step : undefined };
  });
}

/** Elements of a 1-D input, unknown ones when only their number is known. */
function elements(context: InferenceContext, input: number): readonly Dim[] | undefined {
  const known = context.dataOf(input);
  if (known) return known;
  const length = lengthOf(context, input);
  return length === undefined ? undefined : new Array<Dim>(length).fill(undefined);
}

export const sliceRule = defineRule({
  op: 'Slice',
  infer(node, context) {
    const source = context.shapeOf(0);
    const dtype = context.dtypeOf(0);
    if (!source) return context.setTensor(0, dtype, undefined);
    const cuts = cutsOf(node, context, source.length);
    if (!cuts)
      return context.setTensor(
        0,
        dtype,
        source.map(() => undefined),
      );
    const shape = [...source];
    for (const { axis, start, end, step } of cuts) {
      shape[axis] = step === undefined ? undefined : sliceLength(source[axis], start, end, step);
    }
    const array = context.arrayOf(0);
    return context.setTensor(0, dtype, shape, array && sliceData(array, cuts));
  },
});
