/** Standard operators through which no gradient flows: their results are integers, conditions, or piecewise constant. */
export const CONSTANT_OPERATORS: ReadonlySet<string> = new Set(
  `And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Constant ConstantOfShape Equal EyeLike Floor Greater
  GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual NonZero Not OneHot Or Range Round Shape Sign Size Xor`.split(
    /\s+/,
  ),
);
