import { type Dim, divideDims, equalDims } from '../../ir/dim.js';
import { normaliseAxis, targetShape } from '../arguments.js';
import { productOf, type Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** Resolves 0 (copy, unless allowzero) and -1 (the rest) against the shape of the data. */
function resolveTarget(context: InferenceContext, target: Shape, allowZero: boolean): Dim[] {
  const source = context.shapeOf(0);
  const result: Dim[] = target.map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim;
    if (source && axis >= source.length)
      throw context.error('shape', `0 only below axis ${source.length}`, [...target]);
    return source?.[axis];
  });
  const open = target.indexOf(-1);
  if (target.some((dim, axis) => (typeof dim === 'number' && dim < -1) || (dim === -1 && axis !== open))) {
    throw context.error('shape', 'sizes >= 0 and at most one -1', [...target]);
  }
  if (open >= 0) result[open] = remainder(context, source, result, open);
  else checkCount(context, source, result);
  return result;
}

/** The size that -1 stands for. */
function remainder(context: InferenceContext, source: Shape | undefined, result: Dim[], open: number): Dim {
  if (!source) return undefined;
  const rest = result.filter((_, axis) => axis !== open);
  const [count, divisor] = cancelCommon(source, rest);
  const quotient = divideDims(count, divisor);
  if (quotient === undefined && typeof count === 'number' && typeof divisor === 'number' && count + divisor > 0) {
    throw context.error('shape', `a divisor of ${count} elements`, result);
  }
  return quotient;
}

/** Products of both lists without their common members, so that [b,?,64] over [b,?,8] stays unknown but [b,s,64] over [s] does not. */
function cancelCommon(source: Shape, rest: Shape): [Dim, Dim] {
  const left = [...source];
  const right = rest.filter((dim) => {
    // A common 0 says nothing about the quotient.
    const at = dim === 0 ? -1 : left.findIndex((candidate) => equalDims(candidate, dim));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [productOf(left), productOf(right)];
}

function checkCount(context: InferenceContext, source: Shape | undefined, result: Dim[]): void {
  if (!source) return;
  const [count, target] = [productOf(source), productOf(result)];
  if (typeof count === 'number' && typeof target === 'number') {
    if (count !== target) throw context.error('shape', `${count} elements`, result);
    return;
  }
  // One size that the target leaves unknown is what the others leave over.
  const open = result.indexOf(undefined);
  if (open < 0 || result.lastIndexOf(undefined) !== open) return;
  const [left, right] = cancelCommon(
    source,
    result.filter((_, axis) => axis !== open),
  );
  const size = right === 0 ? undefined : divideDims(left, right);
  if (size !== undefined) result[open] = size;
}

const reshape = defineRule({
  op: 'Reshape',
  infer(node, context) {
    const target = node.ints('shape', undefined) ?? targetShape(context, 1);
    if (!target) return context.setTensor(0, context.dtypeOf(0), undefined);
    const shape = resolveTarget(context, target, node.int('allowzero', 0) === 1);
    return context.setTensor(0, context.dtypeOf(0), shape, followedData(context, shape));
  },
});

/** Contents keep their order; they are followed only when the new shape is all numbers. */
function followedData(context: InferenceContext, shape: Shape) {
  const data = context.dataOf(0);
  return data && productOf(shape) === data.length ? data : undefined;
}

const flatten = defineRule({
  op: 'Flatten',
  infer(node, context) {
    const source = context.shapeOf(0);
    if (!source) return context.setTensor(0, context.dtypeOf(0), [undefined, undefined]);
    const given = node.int('axis', 1);
    const axis = given === source.length ? given : normaliseAxis(context, given, source.length);
    const shape = [productOf(source.slice(0, axis)), productOf(source.slice(axis))];
    return context.setTensor(0, context.dtypeOf(0), shape, followedData(context, shape));
  },
});

export const reshapeRules = [reshape, flatten];
