import { dtypeCode, isInteger } from '../../dtype.js';
import { equalDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { bypass } from '../bypass.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/** The input that output 0 always equals, bit for bit and with the same shape and dtype; undefined when there is none. */
type Rule = (node: Node, context: PassContext, opset: number) => number | undefined;

/**
 * Removes nodes that return an input as it is: casts to the same type, transpositions in order, reshapes that keep the shape, slices of
 * everything, pads of nothing, + (-0), - 0, x 1, / 1, joins of one. Shapes must be proved by what is computed from the inputs.
 *
 * Not float `x + 0` (it turns -0 into +0), and not Clip without bounds on floats (the standard's default bounds are the largest finite
 * numbers, so it turns infinities into those).
 */
export const eliminateNoOp = definePass({
  name: 'eliminate-no-op',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      for (const node of graph.nodes()) {
        const rule = node.domain === '' ? RULES.get(node.op) : undefined;
        if (!rule || !node.outputs[0] || isParametric(node) || context.isCall(node)) continue;
        const index = rule(node, context, opset);
        if (index !== undefined && bypass(node, index)) changes++;
      }
    }
    return { changes };
  },
});

const when = (holds: boolean): number | undefined => (holds ? 0 : undefined);

/** Moves elements in order, so that an equal shape means an equal tensor. */
const keepsShape: Rule = (node, { types }) => {
  const [before, after] = [node.input(0), node.output].map((value) => value && types.shapeOf(value));
  return when(before !== undefined && after !== undefined && equalShapes(before, after));
};

const equalShapes = (a: readonly Parameters<typeof equalDims>[0][], b: typeof a): boolean =>
  a.length === b.length && a.every((dim, axis) => equalDims(dim, b[axis]));

const ofOne: Rule = (node) => when(node.inputs.length === 1);

const castRule: Rule = (node, { types }) => {
  const from = node.input(0) && types.dtypeOf(node.input(0)!);
  const target = node.attributes.get('to')?.content;
  return when(from !== undefined && target?.type === 'int' && Number(target.value) === dtypeCode(from));
};

const castLikeRule: Rule = (node, { types }) => {
  const [from, to] = node.inputs.map((value) => value && types.dtypeOf(value));
  return when(from !== undefined && from === to);
};

const transposeRule: Rule = (node, { types }) => {
  const order = node.ints('perm', undefined);
  if (order) return when(order.every((axis, index) => axis === index));
  const rank = node.input(0) && types.shapeOf(node.input(0)!)?.length;
  return when(rank !== undefined && rank <= 1);
};

/** Steps of 1 over a whole axis: with an equal shape nothing is left out. */
const sliceRule: Rule = (node, context, opset) => {
  const steps = opset >= 10 ? node.input(4) : undefined;
  const areOnes = !steps || context.types.dataOf(steps)?.every((step) => step === 1) === true;
  return areOnes ? keepsShape(node, context, opset) : undefined;
};

/** Axes that are given are removed (an empty list is read in two ways: none, or all of size 1); else those of size 1 are. */
const squeezeRule: Rule = (node, context, opset) =>
  node.input(1) || node.has('axes') ? undefined : keepsShape(node, context, opset);

const padRule: Rule = (node, { types }, opset) => {
  const input = node.input(1);
  const name = opset < 2 ? 'paddings' : 'pads';
  const pads = opset >= 11 ? input && types.dataOf(input) : node.ints(name, undefined);
  return when(pads?.every((pad) => pad === 0) === true);
};

const clipRule: Rule = (node, { types }, opset) => {
  const dtype = node.input(0) && types.dtypeOf(node.input(0)!);
  const isUnbounded = opset >= 12 && !node.input(1) && !node.input(2);
  return when(isUnbounded && dtype !== undefined && isInteger(dtype));
};

/** `x op c`: c constant, all its elements the neutral one, and no broadcast of x to a larger shape. `sides`: where c may stand. */
function neutral(isNeutral: (element: number, isFloating: boolean) => boolean, sides: readonly number[]): Rule {
  return (node, context) => {
    for (const side of sides) {
      const value = node.input(side);
      const constant = value?.constant;
      const other = node.input(1 - side);
      if (!constant || !other || constant.dtype === 'string' || constant.dtype === 'bool') continue;
      const isFloating = !isInteger(constant.dtype);
      if (!constant.toFloat64().every((element) => isNeutral(element, isFloating))) continue;
      if (broadcastsInto(constant.dims, other, context)) return 1 - side;
    }
    return undefined;
  };
}

/** True when broadcasting a tensor of `dims` with `value` gives the shape of `value`. */
function broadcastsInto(dims: readonly number[], value: Value, { types }: PassContext): boolean {
  if (dims.length === 0) return true;
  const shape = types.shapeOf(value);
  if (!shape || shape.length < dims.length) return false;
  return dims.every((dim, axis) => dim === 1 || equalDims(dim, shape[shape.length - dims.length + axis]));
}

const isOne = (element: number): boolean => element === 1;

/** Below opset 7 operands broadcast by attributes. */
const sinceSeven =
  (rule: Rule): Rule =>
  (node, context, opset) =>
    opset >= 7 ? rule(node, context, opset) : undefined;

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['Cast', castRule],
  ['CastLike', castLikeRule],
  ['Transpose', transposeRule],
  ...['Reshape', 'Flatten', 'Unsqueeze', 'Expand', 'Tile'].map((op) => [op, keepsShape] as const),
  ['Squeeze', squeezeRule],
  ['Slice', sliceRule],
  ['Pad', padRule],
  ['Clip', clipRule],
  ...['Concat', 'Sum', 'Max', 'Min', 'Mean'].map((op) => [op, ofOne] as const),
  // -0 + -0 = -0 and x + -0 = x; -0 + 0 = +0.
  ['Add', sinceSeven(neutral((element, isFloating) => Object.is(element, isFloating ? -0 : 0), [1, 0]))],
  ['Sub', sinceSeven(neutral((element) => Object.is(element, 0), [1]))],
  ['Mul', sinceSeven(neutral(isOne, [1, 0]))],
  ['Div', sinceSeven(neutral(isOne, [1]))],
]);
