import type { DType } from '../../dtype.js';
import { isFloat } from '../../dtype.js';
import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { combineData } from '../data-array.js';
import { broadcastShapes, type Shape } from '../dims.js';
import {
  addElements,
  compareElements,
  divideFloats,
  divideIntegers,
  elementsEqual,
  maxElements,
  minElements,
  moduloElements,
  multiplyElements,
  powElements,
  remainderElements,
  subtractElements,
  truth,
} from '../integer-math.js';
import { requireRank } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { agreedDim } from './concat.js';

type Combine = (a: Dim, b: Dim) => Dim;

/** Numpy broadcasting of all inputs; undefined when a rank is not known. */
export function broadcastInputs(context: InferenceContext, inputs: readonly number[]): Shape | undefined {
  const shapes: Shape[] = [];
  for (const input of inputs) {
    const shape = context.shapeOf(input);
    if (!shape) return undefined;
    shapes.push(shape);
  }
  const shape = broadcastShapes(shapes);
  if (!shape)
    throw context.error('inputs', 'shapes that broadcast', shapes.map((dims) => `[${dims.join(',')}]`).join(' '));
  return shape;
}

/** Sets output 0 of an elementwise operator over all inputs, with its contents where all operands' are known. */
function inferBroadcast(node: Node, context: InferenceContext, dtype: DType | undefined, combine?: Combine): void {
  const inputs = node.inputs.map((_, index) => index);
  // Before version 7 shapes were equal, or the second was aligned to the first by attributes.
  const shape = context.opset < 7 && inputs.length === 2 ? context.shapeOf(0) : broadcastInputs(context, inputs);
  const data =
    combine && context.opset >= 7
      ? combineData(
          inputs.map((input) => context.arrayOf(input)),
          (first, ...others) => others.reduce(combine, first),
        )
      : undefined;
  context.setTensor(0, dtype, shape, data);
}

/** The dtype all inputs share, taken from the first that is known. */
function sharedDType(node: Node, context: InferenceContext): DType | undefined {
  for (let input = 0; input < node.inputs.length; input++) {
    const dtype = context.dtypeOf(input);
    if (dtype) return dtype;
  }
  return undefined;
}

const arithmetic = (op: string, combine?: Combine) =>
  defineRule({ op, infer: (node, context) => inferBroadcast(node, context, sharedDType(node, context), combine) });

export const arithmeticRules = [
  arithmetic('Add', addElements),
  arithmetic('Sub', subtractElements),
  arithmetic('Mul', multiplyElements),
  arithmetic('Min', minElements),
  arithmetic('Max', maxElements),
  arithmetic('Sum', addElements),
  ...['Mean', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'StringConcat'].map((op) => arithmetic(op)),
  defineRule({
    op: 'SwiGLU',
    infer(node, context) {
      const [gate, linear] = [context.shapeOf(0), context.shapeOf(1)];
      if (linear && gate) requireRank(context, 1, gate.length);
      // The two are not broadcast.
      const shape = gate ? gate.map((dim, axis) => agreedDim(context, dim, linear?.[axis])) : linear;
      context.setTensor(0, sharedDType(node, context), shape);
    },
  }),
  defineRule({
    op: 'Div',
    infer(node, context) {
      const dtype = sharedDType(node, context);
      inferBroadcast(node, context, dtype, dtype && (isFloat(dtype) ? divideFloats : divideIntegers));
    },
  }),
  defineRule({
    op: 'Mod',
    infer(node, context) {
      const combine = node.int('fmod', 0) === 1 ? remainderElements : moduloElements;
      inferBroadcast(node, context, sharedDType(node, context), combine);
    },
  }),
  defineRule({
    op: 'Pow',
    infer: (node, context) => inferBroadcast(node, context, context.dtypeOf(0), powElements),
  }),
  defineRule({
    op: 'PRelu',
    infer(_, context) {
      const [data, slope] = [context.shapeOf(0), context.shapeOf(1)];
      if (data && slope && slope.length > data.length) throw context.error('slope', `rank <= ${data.length}`, slope);
      context.set(0, context.typeOf(0));
    },
  }),
];

const both =
  (combine: (a: number, b: number) => boolean, absorbing?: number): Combine =>
  (a, b) => {
    if (absorbing !== undefined && (a === absorbing || b === absorbing)) return absorbing;
    return typeof a === 'number' && typeof b === 'number' ? Number(combine(a, b)) : undefined;
  };

const ordered =
  (holds: (order: number) => boolean): Combine =>
  (a, b) => {
    const order = compareElements(a, b);
    return truth(order === undefined ? undefined : holds(order));
  };

const logical = (op: string, combine: Combine) =>
  defineRule({ op, infer: (node, context) => inferBroadcast(node, context, 'bool', combine) });

export const logicalRules = [
  logical(
    'And',
    both((a, b) => a !== 0 && b !== 0, 0),
  ),
  logical(
    'Or',
    both((a, b) => a !== 0 || b !== 0, 1),
  ),
  logical(
    'Xor',
    both((a, b) => a !== b),
  ),
  logical('Equal', (a, b) => truth(elementsEqual(a, b))),
  logical(
    'Less',
    ordered((order) => order < 0),
  ),
  logical(
    'LessOrEqual',
    ordered((order) => order <= 0),
  ),
  logical(
    'Greater',
    ordered((order) => order > 0),
  ),
  logical(
    'GreaterOrEqual',
    ordered((order) => order >= 0),
  ),
];
