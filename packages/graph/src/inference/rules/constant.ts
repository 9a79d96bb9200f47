import type { DType } from '../../dtype.js';
import { dtypeFromCode } from '../../dtype.js';
import { clampedDim, functionOfDims } from '../dims.js';
import { subtractDims } from '../../ir/dim.js';
import { countOf, fillData } from '../data-array.js';
import { dataOfTensor } from '../constant-data.js';
import { addElements, multiplyElements } from '../integer-math.js';
import { sparseAttribute } from '../opaque-attribute.js';
import { requireRank, scalarOf, targetShape } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { dtypeOfCode } from './cast.js';

/** Constant with a sparse tensor (dense and listed values are found without a rule). */
const constant = defineRule({
  op: 'Constant',
  infer(node, context) {
    const tensor = node.constantTensor();
    if (tensor) return context.setTensor(0, tensor.dtype, tensor.dims, dataOfTensor(tensor));
    const sparse = sparseAttribute(node, 'sparse_value');
    return context.setTensor(0, sparse?.dtype, sparse?.shape);
  },
});

const constantOfShape = defineRule({
  op: 'ConstantOfShape',
  infer(node, context) {
    const shape = targetShape(context, 0);
    const value = node.tensor('value');
    const fill = value ? dataOfTensor(value)?.[0] : 0;
    const dims = shape?.every((dim) => typeof dim === 'number') ? (shape as number[]) : undefined;
    const data = dims && countOf(dims) >= 0 ? fillData(dims, () => fill) : undefined;
    context.setTensor(0, value ? value.dtype : 'float32', shape, data);
  },
});

export const range = defineRule({
  op: 'Range',
  infer(_, context) {
    for (const input of [0, 1, 2]) requireRank(context, input, 0, 1);
    const [start, limit] = [0, 1].map((input) => context.dataOf(input)?.[0]);
    // Only com.microsoft's has a default.
    const delta = context.has(2) ? context.dataOf(2)?.[0] : 1;
    if (delta === 0) throw context.error('delta', 'a number other than 0', 0);
    const span = subtractDims(integral(limit), integral(start));
    const length =
      delta === 1 && span !== undefined
        ? clampedDim(span)
        : functionOfDims('range', [start, limit, delta], (a, b, d) => Math.max(0, Math.ceil((b - a) / d)));
    const data =
      typeof length === 'number'
        ? fillData([length], ([i]) => addElements(start, multiplyElements(i, delta)))
        : undefined;
    context.setTensor(0, context.dtypeOf(0), [length], data);
  },
});

/** Symbols and whole numbers; fractions (of float ranges) have no symbolic difference. */
const integral = (dim: ReturnType<typeof subtractDims>) =>
  typeof dim === 'number' && !Number.isSafeInteger(dim) ? undefined : dim;

/** The dtype of attribute `dtype`, or `fallback` when absent. */
function dtypeAttribute(context: InferenceContext, code: number | undefined, fallback: DType | undefined) {
  return code === undefined ? fallback : dtypeOfCode(context, 'dtype', code);
}

const fromAttributes = defineRule({
  op: ['RandomNormal', 'RandomUniform'],
  infer(node, context) {
    context.setTensor(
      0,
      dtypeAttribute(context, node.int('dtype', undefined), 'float32'),
      node.ints('shape', undefined),
    );
  },
});

const likeInput = defineRule({
  op: ['RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'EyeLike'],
  infer(node, context) {
    context.setTensor(0, dtypeAttribute(context, node.int('dtype', undefined), context.dtypeOf(0)), context.shapeOf(0));
  },
});

const multinomial = defineRule({
  op: 'Multinomial',
  infer(node, context) {
    const shape = requireRank(context, 0, 2);
    const dtype = dtypeAttribute(context, node.int('dtype', undefined), 'int32');
    context.setTensor(0, dtype, [shape?.[0], node.int('sample_size', 1)]);
  },
});

const window = defineRule({
  op: ['HannWindow', 'HammingWindow', 'BlackmanWindow'],
  infer(node, context) {
    context.setTensor(0, dtypeFromCode(node.int('output_datatype', 1)), [context.dataOf(0)?.[0]]);
  },
});

const melWeightMatrix = defineRule({
  op: 'MelWeightMatrix',
  infer(node, context) {
    const length = scalarOf(context, 1);
    const spectrum = length === undefined ? undefined : Math.floor(length / 2) + 1;
    context.setTensor(0, dtypeFromCode(node.int('output_datatype', 1)), [spectrum, context.dataOf(0)?.[0]]);
  },
});

export const constantRules = [
  constant,
  constantOfShape,
  range,
  fromAttributes,
  likeInput,
  multinomial,
  window,
  melWeightMatrix,
];
