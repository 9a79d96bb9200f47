import type { DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import type { ValueType } from '../../ir/value-type.js';
import { requireRankFrom } from '../arguments.js';
import { productOf } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';
import { checkCategoryMapper, checkLabelEncoder, checkOneHotEncoder, checkTreeEnsemble } from './classical-checks.js';

const domain = 'ai.onnx.ml';

const sameFloat = (op: readonly string[]) =>
  defineRule({ op, domain, infer: (_, context) => context.setTensor(0, 'float32', context.shapeOf(0)) });

/** Rows of the input (a vector is one row). */
function rowsOf(context: InferenceContext) {
  const shape = requireRankFrom(context, 0, 1);
  return shape?.length === 1 ? 1 : shape?.[0];
}

/** A label a row, and a score a row and class. */
function inferClassifier(node: Node, context: InferenceContext): void {
  const rows = rowsOf(context);
  const names = node.strings('classlabels_strings', []);
  const labels = node.ints('classlabels_ints', undefined) ?? node.ints('classlabels_int64s', []);
  const classes = Math.max(names.length, labels.length);
  // Without probabilities ONNX Runtime (and eval) write a score for each pair of classes, where the standard speaks of one for each class.
  const isByPairs = node.op === 'SVMClassifier' && classes > 2 && !node.has('prob_a');
  context.setTensor(0, names.length > 0 ? 'string' : 'int64', [rows]);
  context.setTensor(1, 'float32', [rows, isByPairs ? undefined : classes || undefined]);
}

const regressor = defineRule({
  op: ['LinearRegressor', 'SVMRegressor', 'TreeEnsembleRegressor', 'TreeEnsemble'],
  domain,
  infer(node, context) {
    if (node.op === 'TreeEnsemble') checkTreeEnsemble(node, context);
    const count = node.int('n_targets', undefined) ?? node.int('targets', 1);
    context.setTensor(0, node.op === 'TreeEnsemble' ? context.dtypeOf(0) : 'float32', [rowsOf(context), count]);
  },
});

/** The dtype of the values a LabelEncoder maps to, by the attribute that lists them. */
function encodedDType(node: Node): DType | undefined {
  const lists: [string, DType][] = [
    ['values_strings', 'string'],
    ['values_int64s', 'int64'],
    ['values_floats', 'float32'],
  ];
  return node.tensor('values_tensor')?.dtype ?? lists.find(([name]) => node.has(name))?.[1];
}

const labelEncoder = defineRule({
  op: 'LabelEncoder',
  domain,
  infer(node, context) {
    if (context.opset >= 4) checkLabelEncoder(node, context);
    const legacy = context.dtypeOf(0) === 'string' ? 'int64' : 'string';
    context.setTensor(0, context.opset < 2 ? legacy : encodedDType(node), context.shapeOf(0));
  },
});

const oneHotEncoder = defineRule({
  op: 'OneHotEncoder',
  domain,
  infer(node, context) {
    checkOneHotEncoder(node, context);
    const shape = context.shapeOf(0);
    const classes = Math.max(node.ints('cats_int64s', []).length, node.strings('cats_strings', []).length);
    context.setTensor(0, 'float32', shape && [...shape, classes]);
  },
});

const zipMap = defineRule({
  op: 'ZipMap',
  domain,
  infer(node, context) {
    const scores: ValueType = { kind: 'tensor', dtype: 'float32', shape: [] };
    const key: DType = node.has('classlabels_strings') ? 'string' : 'int64';
    context.set(0, { kind: 'sequence', element: { kind: 'map', key, value: scores } });
  },
});

const arrayFeatureExtractor = defineRule({
  op: 'ArrayFeatureExtractor',
  domain,
  infer(_, context) {
    const [shape, indices] = [requireRankFrom(context, 0, 1), context.shapeOf(1)];
    // However the indices are arranged, each takes one feature.
    const count = indices && productOf(indices);
    const rows = shape?.length === 1 ? [1] : shape?.slice(0, -1);
    context.setTensor(0, context.dtypeOf(0), rows && [...rows, count]);
  },
});

/** Values of a map by key; the standard makes them a vector, ONNX Runtime one row, so the rank stays open. */
const dictVectorizer = defineRule({
  op: 'DictVectorizer',
  domain,
  infer(_, context) {
    const type = context.typeOf(0);
    const value = type?.kind === 'map' ? type.value : undefined;
    context.setTensor(0, value?.kind === 'tensor' ? value.dtype : undefined, undefined);
  },
});

/** One row; as long as the map, or (SPARSE) as `max_map` says. */
const castMap = defineRule({
  op: 'CastMap',
  domain,
  infer(node, context) {
    const dtypes: Readonly<Record<string, DType>> = { TO_FLOAT: 'float32', TO_INT64: 'int64', TO_STRING: 'string' };
    const isSparse = node.string('map_form', 'DENSE') === 'SPARSE';
    const width = isSparse ? node.int('max_map', 1) : undefined;
    if (width !== undefined && width < 0) throw context.error('max_map', 'a length >= 0', width);
    context.setTensor(0, dtypes[node.string('cast_to', 'TO_FLOAT')], [1, width]);
  },
});

const featureVectorizer = defineRule({
  op: 'FeatureVectorizer',
  domain,
  infer(node, context) {
    const widths = node.ints('inputdimensions', []);
    if (widths.some((width) => width < 0)) throw context.error('inputdimensions', 'widths >= 0', widths.join(', '));
    context.setTensor(0, 'float32', [rowsOf(context), widths.reduce((a, b) => a + b, 0)]);
  },
});

/** Operators of ai.onnx.ml (CategoryMapper turns strings into integers, or back). */
export const classicalRules = [
  sameFloat(['Normalizer', 'Scaler']),
  defineRule({ op: ['Binarizer', 'Imputer'], domain, infer: (_, context) => context.set(0, context.typeOf(0)) }),
  defineRule({
    op: 'CategoryMapper',
    domain,
    infer(node, context) {
      checkCategoryMapper(node, context);
      context.setTensor(0, context.dtypeOf(0) === 'string' ? 'int64' : 'string', context.shapeOf(0));
    },
  }),
  defineRule({ op: ['LinearClassifier', 'SVMClassifier', 'TreeEnsembleClassifier'], domain, infer: inferClassifier }),
  regressor,
  labelEncoder,
  oneHotEncoder,
  zipMap,
  arrayFeatureExtractor,
  dictVectorizer,
  castMap,
  featureVectorizer,
];
