import type { Node, Value } from '@gossamer/graph';

/** Standard operators through which no gradient flows: their results are integers, conditions, or piecewise constant. */
export const CONSTANT_OPERATORS: ReadonlySet<string> = new Set(
  `And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Constant ConstantOfShape Equal EyeLike Floor Greater
  GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual NonZero Not OneHot Or Range Round Shape Sign Size Xor`.split(
    /\s+/,
  ),
);

/** Whether nothing flows through `node` to the inputs that are `active`. The values of OneHot are no constants, and have no rule. */
export const blocksGradients = (node: Node, active: ReadonlySet<Value>): boolean =>
  node.domain === '' &&
  CONSTANT_OPERATORS.has(node.op) &&
  !(node.op === 'OneHot' && node.inputs[2] && active.has(node.inputs[2]));
