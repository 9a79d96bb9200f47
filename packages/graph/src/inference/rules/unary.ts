import type { Dim } from '../../ir/dim.js';
import { normaliseAxis, requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { maxElements, minElements, subtractElements } from '../integer-math.js';
import { roundHalfEven } from '../../ir/small-float.js';
import { isNonNegative } from '../dims.js';

/** Output 0 has the type of input 0. */
function sameAsInput(context: InferenceContext, map?: (element: Dim) => Dim): void {
  const type = context.typeOf(0);
  const data = map && context.dataOf(0);
  if (type?.kind !== 'tensor' || !data) context.set(0, type);
  else context.setTensor(0, type.dtype, type.shape, data.map(map));
}

/** A function of numbers; symbols (integers by nature) pass through where `integerIdentity` holds. */
const numeric =
  (compute: (value: number) => number, integerIdentity = false) =>
  (element: Dim): Dim => {
    if (typeof element === 'number') {
      const value = compute(element);
      return Number.isFinite(value) ? value : undefined;
    }
    return integerIdentity ? element : undefined;
  };

/** Operators whose contents are not followed. */
export const elementwiseRules = [
  defineRule({
    op: [
      'Acos',
      'Acosh',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'BitwiseNot',
      'Celu',
      'Cos',
      'Cosh',
      'Elu',
      'Erf',
      'Exp',
      'Gelu',
      'HardSigmoid',
      'HardSwish',
      'LeakyRelu',
      'Log',
      'LpNormalization',
      'LRN',
      'MeanVarianceNormalization',
      'Mish',
      'ReverseSequence',
      'Selu',
      'Shrink',
      'Sigmoid',
      'Sin',
      'Sinh',
      'Softplus',
      'Softsign',
      'Swish',
      'Tan',
      'Tanh',
      'ThresholdedRelu',
      'CumSum',
      'CumProd',
      'InstanceNormalization',
      'GroupNormalization',
    ],
    infer: (_, context) => sameAsInput(context),
  }),
  defineRule({
    op: ['Softmax', 'LogSoftmax', 'Hardmax'],
    infer(node, context) {
      const [shape, axis] = [requireRankFrom(context, 0, 1), node.int('axis', undefined)];
      if (shape && axis !== undefined) normaliseAxis(context, axis, shape.length);
      sameAsInput(context);
    },
  }),
  defineRule({
    op: ['Affine', 'ImageScaler', 'ParametricSoftplus', 'ScaledTanh', 'SimplifiedLayerNormalization'],
    infer: (_, context) => sameAsInput(context),
  }),
];

/** Operators that shape computations go through. */
export const followedUnaryRules = [
  defineRule({ op: 'Identity', infer: (_, context) => context.setInfo(0, context.infoOf(0)) }),
  defineRule({ op: 'Neg', infer: (_, context) => sameAsInput(context, (x) => subtractElements(0, x)) }),
  defineRule({
    op: 'Abs',
    infer: (_, context) => sameAsInput(context, (x) => (isNonNegative(x) ? x : numeric(Math.abs)(x))),
  }),
  defineRule({ op: 'Floor', infer: (_, context) => sameAsInput(context, numeric(Math.floor, true)) }),
  defineRule({ op: 'Ceil', infer: (_, context) => sameAsInput(context, numeric(Math.ceil, true)) }),
  defineRule({ op: 'Round', infer: (_, context) => sameAsInput(context, numeric(roundHalfEven, true)) }),
  defineRule({ op: 'Sign', infer: (_, context) => sameAsInput(context, numeric(Math.sign)) }),
  defineRule({ op: 'Sqrt', infer: (_, context) => sameAsInput(context, numeric(Math.sqrt)) }),
  defineRule({
    op: 'Reciprocal',
    infer: (_, context) =>
      sameAsInput(
        context,
        numeric((x) => 1 / x),
      ),
  }),
  defineRule({ op: 'Relu', infer: (_, context) => sameAsInput(context, (x) => maxElements(x, 0)) }),
  defineRule({
    op: 'Not',
    infer: (_, context) =>
      sameAsInput(
        context,
        numeric((x) => 1 - x),
      ),
  }),
  defineRule({
    op: 'Clip',
    infer(node, context) {
      const bound = (input: number, name: string): Dim => {
        if (context.has(input)) return context.dataOf(input)?.[0];
        return node.float(name, undefined);
      };
      const low = context.has(1) || node.has('min') ? bound(1, 'min') : -Infinity;
      const high = context.has(2) || node.has('max') ? bound(2, 'max') : Infinity;
      sameAsInput(context, (x) => {
        const raised = low === -Infinity ? x : maxElements(x, low);
        return high === Infinity ? raised : minElements(raised, high);
      });
    },
  }),
];

/** Tests on elements: bool, shape of the input. */
export const predicateRules = [
  defineRule({
    op: ['IsInf', 'IsNaN', 'RegexFullMatch'],
    infer: (_, context) => context.setTensor(0, 'bool', context.shapeOf(0)),
  }),
];
