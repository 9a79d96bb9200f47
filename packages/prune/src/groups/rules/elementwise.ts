import type { Value } from '@gossamer/graph';
import type { NodeAxes } from '../node-axes.js';
import { defineGroupRule } from '../rule.js';

const UNARY = [
  'Abs',
  'Acos',
  'Acosh',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'BitwiseNot',
  'Cast',
  'Ceil',
  'Celu',
  'Clip',
  'Cos',
  'Cosh',
  'Dropout',
  'Elu',
  'Erf',
  'Exp',
  'Floor',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'IsInf',
  'IsNaN',
  'LeakyRelu',
  'Log',
  'Mish',
  'Neg',
  'Not',
  'PRelu',
  'Reciprocal',
  'Relu',
  'Round',
  'Selu',
  'Shrink',
  'Sigmoid',
  'Sign',
  'Sin',
  'Sinh',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Swish',
  'Tan',
  'Tanh',
  'ThresholdedRelu',
  'com.microsoft::FastGelu',
  'com.microsoft::Gelu',
  'com.microsoft::QuickGelu',
];
const NARY = [
  'And',
  'BitShift',
  'BitwiseAnd',
  'BitwiseOr',
  'BitwiseXor',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Max',
  'Mean',
  'Min',
  'Mod',
  'Or',
  'Pow',
  'Where',
  'Xor',
  'Div',
];
/** Those of which a constant operand is a parameter that is zeroed with the channel. */
const PARAMETRIC = ['Add', 'Mul', 'Sub', 'Sum', 'com.microsoft::BiasGelu'];

/** Operators that work element by element, operands broadcast: equal axes are one, an axis of 1 goes with nothing. */
export const elementwise = defineGroupRule({ ops: [...UNARY, ...NARY], tie: tieBroadcast });

/** The same for sums and products: what a constant operand adds to a channel, or scales it by, goes to 0 with it. */
export const parametric = defineGroupRule({
  ops: PARAMETRIC,
  tie(axes) {
    const output = axes.node.output;
    const rank = axes.rank(output);
    for (const input of axes.node.inputs) {
      const own = input ? axes.rank(input) : 0;
      for (let axis = 0; input && axis < own; axis++) {
        if (axes.length(input, axis) === axes.length(output, axis + rank - own)) axes.masks(input, axis);
      }
    }
    tieBroadcast(axes);
  },
});

function tieBroadcast(axes: NodeAxes): void {
  for (const output of axes.node.outputs) if (output) tieTo(axes, output);
}

function tieTo(axes: NodeAxes, output: Value): void {
  const rank = axes.rank(output);
  for (const input of axes.node.inputs) {
    if (!input) continue;
    const shift = rank - axes.rank(input);
    for (let axis = 0; axis < axes.rank(input); axis++) {
      const [length, wanted] = [axes.length(input, axis), axes.length(output, axis + shift)];
      if (length === 1 && wanted !== 1) axes.pass(input, axis);
      else axes.tie(input, axis, output, axis + shift);
    }
  }
}
