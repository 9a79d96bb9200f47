import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { numbers, texts } from '../../testing/ort.js';
import { type Attributes, evaluateOperator, expectSameAsOrt } from '../../testing/same-as-ort.js';

/** Scores are sums of at most 60 products below 30, in float32 there and rounded once here; their transforms are no steeper than 4. */
const BOUND = 60 * 4 * 2 ** -22;

const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;
const DTYPES = ['float32', 'float64', 'int32', 'int64'] as const;

const list = (count: number, seed: number, scale = 1) => [...numbers([count], seed).toFloat64()].map((x) => x * scale);
const samples = (dtype: (typeof DTYPES)[number], dims: readonly number[], seed = 7, scale = 5) => {
  const values = numbers(dims, seed)
    .toFloat64()
    .map((x) => (dtype.startsWith('int') ? Math.round(x * scale) : x * scale));
  return Tensor.fromNumbers(dtype, dims, values);
};
const labels = (count: number, kind: 'strings' | 'ints' | 'int64s'): Attributes =>
  kind === 'strings'
    ? { classlabels_strings: attribute.strings(Array.from({ length: count }, (_, i) => `class ${i}`)) }
    : { [`classlabels_${kind}`]: Array.from({ length: count }, (_, i) => 10 * i + 3) };
const ml = (op: string) => `ai.onnx.ml::${op}`;

describe('linear models', () => {
  // Scores of PROBIT are probabilities well inside (0, 1).
  const weights = (count: number, transform: string) =>
    transform === 'PROBIT' ? list(count, 3, 0.01) : list(count, 3, 2);
  const offset = (transform: string) => (transform === 'PROBIT' ? 0.3 : 0.1);

  test.each(TRANSFORMS)('%s', async (transform) => {
    for (const [i, dtype] of DTYPES.entries()) {
      const classes = 3 + (i % 2);
      const parameters = {
        coefficients: attribute.floats(weights(classes * 4, transform)),
        intercepts: attribute.floats(new Array<number>(classes).fill(offset(transform))),
        post_transform: transform,
      };
      const own = labels(classes, i % 2 ? 'strings' : 'ints');
      const x = samples(dtype, [6, 4]);
      await expectSameAsOrt(ml('LinearClassifier'), [x], { ...parameters, ...own }, BOUND, { outputs: 2 });
      if (dtype !== 'float32') continue;
      await expectSameAsOrt(ml('LinearRegressor'), [x], { ...parameters, targets: classes }, BOUND);
    }
  });

  test.each(['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO'])('one function for two classes, %s', async (transform) => {
    const parameters = {
      coefficients: attribute.floats(list(4, 3)),
      intercepts: attribute.floats([0.1]),
      post_transform: transform,
      ...labels(2, 'strings'),
    };
    await expectSameAsOrt(ml('LinearClassifier'), [samples('float32', [6, 4])], parameters, BOUND, { outputs: 2 });
  });

  test('a vector is one sample', async () => {
    const parameters = { coefficients: attribute.floats(list(8, 3)), intercepts: attribute.floats([0.1, 0.2]) };
    const x = samples('float32', [4]);
    await expectSameAsOrt(ml('LinearRegressor'), [x], { ...parameters, targets: 2 }, BOUND);
    await expectSameAsOrt(ml('LinearClassifier'), [x], { ...parameters, ...labels(2, 'ints') }, BOUND, { outputs: 2 });
  });
});

describe('support vector machines', () => {
  const kernel = (kind: string): Attributes => ({ kernel_type: kind, kernel_params: attribute.floats([0.3, 0.5, 3]) });
  const perClass = [2, 3, 1, 2];

  test.each(['LINEAR', 'POLY', 'RBF', 'SIGMOID'])('%s', async (kind) => {
    for (const classes of [2, 3, 4]) {
      const counts = perClass.slice(0, classes);
      const [vectors, pairs] = [counts.reduce((a, b) => a + b, 0), (classes * (classes - 1)) / 2];
      const machine: Attributes = {
        ...kernel(kind),
        ...labels(classes, classes % 2 ? 'strings' : 'ints'),
        coefficients: attribute.floats(list((classes - 1) * vectors, 5)),
        support_vectors: attribute.floats(list(vectors * 3, 6)),
        vectors_per_class: counts,
        rho: attribute.floats(list(pairs, 8)),
      };
      const x = samples(DTYPES[classes - 2]!, [5, 3], 9, 2);
      await expectSameAsOrt(ml('SVMClassifier'), [x], machine, BOUND, { outputs: 2 });
      const transformed = { ...machine, post_transform: 'LOGISTIC' };
      await expectSameAsOrt(ml('SVMClassifier'), [x], transformed, BOUND, { outputs: 2 });
      const probabilities = {
        prob_a: attribute.floats(list(pairs, 10).map((a) => -1 - a)),
        prob_b: attribute.floats(list(pairs, 11)),
      };
      await expectSameAsOrt(ml('SVMClassifier'), [x], { ...machine, ...probabilities }, BOUND, { outputs: 2 });
    }
  });

  test.each(['LINEAR', 'POLY', 'RBF', 'SIGMOID'])('SVMRegressor, %s', async (kind) => {
    const machine: Attributes = {
      ...kernel(kind),
      coefficients: attribute.floats(list(4, 5)),
      support_vectors: attribute.floats(list(12, 6)),
      n_supports: 4,
      rho: attribute.floats([0.2]),
    };
    for (const one_class of [0, 1]) {
      await expectSameAsOrt(ml('SVMRegressor'), [samples('float32', [5, 3], 9, 2)], { ...machine, one_class }, BOUND);
    }
  });

  test('without support vectors: linear functions', async () => {
    const x = samples('float32', [5, 3]);
    const rho = attribute.floats([0.2]);
    const machine = (classes: number, scale: number): Attributes => {
      const coefficients = list(classes * 3, 5).map((value) => (scale < 0 ? Math.abs(value) : value * scale));
      return { ...kernel('RBF'), rho, coefficients: attribute.floats(coefficients), ...labels(classes, 'strings') };
    };
    for (const [classes, scale] of [
      [2, 1],
      [2, -1],
      [3, 1],
    ] as const) {
      await expectSameAsOrt(ml('SVMClassifier'), [x], machine(classes, scale), BOUND, { outputs: 2 });
    }
    const regressor = { ...kernel('RBF'), rho, coefficients: attribute.floats(list(3, 5)), n_supports: 0 };
    await expectSameAsOrt(ml('SVMRegressor'), [x], regressor, BOUND);
  });
});

describe('features', () => {
  test.each(DTYPES)('of %s', async (dtype) => {
    const [x, y] = [samples(dtype, [3, 4]), samples(dtype, [3, 3], 8)];
    const [scale, offset] = [attribute.floats(list(4, 1)), attribute.floats(list(4, 2))];
    await expectSameAsOrt(ml('Scaler'), [x], { scale, offset }, BOUND);
    await expectSameAsOrt(ml('Scaler'), [x], { scale: attribute.floats([3]), offset: attribute.floats([0.5]) }, BOUND);
    for (const norm of ['MAX', 'L1', 'L2']) {
      await expectSameAsOrt(ml('Normalizer'), [x], { norm }, BOUND);
      await expectSameAsOrt(ml('Normalizer'), [Tensor.fromNumbers(dtype, [3], [0, 0, 0])], { norm }, BOUND);
    }
    for (const inputdimensions of [
      [4, 3],
      [2, 3],
      [6, 1],
    ]) {
      await expectSameAsOrt(ml('FeatureVectorizer'), [x, y], { inputdimensions }, BOUND);
    }
    const indices = Tensor.fromNumbers('int64', [1, 3], [3, 0, 3]);
    await expectSameAsOrt(ml('ArrayFeatureExtractor'), [x, indices], {}, 0);
    await expectSameAsOrt(ml('ArrayFeatureExtractor'), [samples(dtype, [4]), indices], {}, 0);
  });

  test('Binarizer and Imputer', async () => {
    const x = Tensor.fromNumbers('float32', [2, 3], [1, NaN, -1, 0.5, -1, NaN]);
    await expectSameAsOrt(ml('Binarizer'), [samples('float32', [3, 4])], { threshold: 0.5 }, 0);
    const floats = (values: readonly number[], old: number): Attributes => ({
      imputed_value_floats: attribute.floats(values),
      replaced_value_float: attribute.float(old),
    });
    await expectSameAsOrt(ml('Imputer'), [x], floats([7, 8, 9], NaN), 0);
    await expectSameAsOrt(ml('Imputer'), [x], floats([7], -1), 0);
    const integers = { imputed_value_int64s: [7, 8, 9], replaced_value_int64: -1 };
    await expectSameAsOrt(ml('Imputer'), [Tensor.fromNumbers('int64', [3], [-1, 2, -1])], integers, 0);
  });
});

describe('categories', () => {
  const names = texts([3], ['b', 'unknown', 'a']);
  const codes = Tensor.fromNumbers('int64', [3], [4, 9, 5]);
  const strings = attribute.strings(['a', 'b']);

  test('CategoryMapper and OneHotEncoder', async () => {
    await expectSameAsOrt(ml('CategoryMapper'), [names], { cats_strings: strings, cats_int64s: [4, 5] }, 0);
    const back = { cats_strings: strings, cats_int64s: [4, 5], default_string: 'none' };
    await expectSameAsOrt(ml('CategoryMapper'), [codes], back, 0);
    await expectSameAsOrt(ml('OneHotEncoder'), [names], { cats_strings: strings }, 0);
    await expectSameAsOrt(ml('OneHotEncoder'), [codes], { cats_int64s: [5, 4, 1] }, 0);
    const floats = Tensor.fromNumbers('float32', [1, 3], [4.7, 5, NaN]);
    await expectSameAsOrt(ml('OneHotEncoder'), [floats], { cats_int64s: [5, 4] }, 0);
  });

  const keys = { strings: names, int64s: codes, floats: Tensor.fromNumbers('float32', [3], [4, 9, 5]) };
  const lists: Attributes = {
    keys_strings: strings,
    keys_int64s: [4, 5],
    keys_floats: attribute.floats([4, 5]),
    values_strings: attribute.strings(['x', 'y']),
    values_int64s: [7, 8],
    values_floats: attribute.floats([0.5, 0.25]),
  };
  const kinds = Object.keys(keys) as (keyof typeof keys)[];
  const defaults = { default_string: 'none', default_int64: 77, default_float: attribute.float(2.5) };

  test.each(kinds)('LabelEncoder of %s', async (from) => {
    for (const to of kinds) {
      const own = { [`keys_${from}`]: lists[`keys_${from}`]!, [`values_${to}`]: lists[`values_${to}`]! };
      for (const version of [2, 4]) {
        await expectSameAsOrt(ml('LabelEncoder'), [keys[from]], own, 0, { version });
        await expectSameAsOrt(ml('LabelEncoder'), [keys[from]], { ...own, ...defaults }, 0, { version });
      }
    }
  });

  test('LabelEncoder of version 1, and NaN', async () => {
    const classes = { classes_strings: strings };
    await expectSameAsOrt(ml('LabelEncoder'), [names], classes, 0, { version: 1 });
    const places = Tensor.fromNumbers('int64', [4], [1, 0, 2, -1]);
    await expectSameAsOrt(ml('LabelEncoder'), [places], { ...classes, default_string: 'none' }, 0, { version: 1 });
    const nan = { keys_floats: attribute.floats([1, NaN]), values_int64s: [1, 2] };
    const x = Tensor.fromNumbers('float32', [2], [NaN, 1]);
    for (const version of [2, 4]) await expectSameAsOrt(ml('LabelEncoder'), [x], nan, 0, { version });
  });
});

describe('refused', () => {
  const x = samples('float32', [2, 3]);
  const linear = { coefficients: attribute.floats(list(6, 1)), intercepts: attribute.floats([0, 0]), targets: 2 };
  const binary = { coefficients: attribute.floats(list(3, 1)), ...labels(2, 'ints') };
  const machine = {
    ...labels(2, 'ints'),
    coefficients: attribute.floats([1, -1]),
    support_vectors: attribute.floats(list(6, 2)),
    vectors_per_class: [1, 1],
    rho: attribute.floats([0]),
  };
  const cases: readonly [string, string, Attributes][] = [
    ['ERR_EVAL_OP', 'LinearRegressor', { ...linear, post_transform: 'CUBE' }],
    ['ERR_EVAL_SHAPE', 'LinearRegressor', { ...linear, targets: 3 }],
    ['ERR_EVAL_SHAPE', 'LinearRegressor', { ...linear, intercepts: attribute.floats([1]) }],
    ['ERR_EVAL_OP', 'LinearClassifier', { ...binary, post_transform: 'PROBIT' }],
    ['ERR_EVAL_SHAPE', 'LinearClassifier', { ...binary, ...labels(3, 'ints') }],
    ['ERR_EVAL_VALUE', 'LinearClassifier', { coefficients: attribute.floats(list(3, 1)) }],
    ['ERR_EVAL_OP', 'SVMClassifier', { ...machine, kernel_type: 'LAPLACE' }],
    ['ERR_EVAL_OP', 'SVMClassifier', { ...machine, post_transform: 'PROBIT' }],
    ['ERR_EVAL_SHAPE', 'SVMClassifier', { ...machine, rho: attribute.floats([]) }],
    ['ERR_EVAL_SHAPE', 'SVMClassifier', { ...machine, vectors_per_class: [1, 2] }],
    ['ERR_EVAL_VALUE', 'SVMClassifier', { ...machine, vectors_per_class: [3, -1] }],
    ['ERR_EVAL_SHAPE', 'SVMClassifier', { ...machine, prob_a: attribute.floats([1]) }],
    [
      'ERR_EVAL_SHAPE',
      'SVMRegressor',
      { n_supports: 2, rho: attribute.floats([1]), coefficients: attribute.floats([1]) },
    ],
    ['ERR_EVAL_SHAPE', 'Scaler', { scale: attribute.floats([1, 2]) }],
    ['ERR_EVAL_OP', 'Normalizer', { norm: 'L3' }],
    ['ERR_EVAL_SHAPE', 'Imputer', { imputed_value_floats: attribute.floats([1, 2]) }],
    ['ERR_EVAL_SHAPE', 'FeatureVectorizer', { inputdimensions: [3, 3] }],
    ['ERR_EVAL_VALUE', 'FeatureVectorizer', { inputdimensions: [-3] }],
    ['ERR_EVAL_VALUE', 'OneHotEncoder', { cats_int64s: [99], zeros: 0 }],
    ['ERR_EVAL_SHAPE', 'CategoryMapper', { cats_int64s: [99] }],
    ['ERR_EVAL_INPUT', 'LabelEncoder', { keys_int64s: [1], values_int64s: [2] }],
  ];

  test.each(cases)('%s %s %#', (expected, op, attributes) => {
    expect(() => evaluateOperator(ml(op), [x], attributes)).toThrow(expect.objectContaining({ code: expected }));
  });

  test('indices outside the features', () => {
    for (const index of [3, -1]) {
      const indices = Tensor.fromNumbers('int64', [1], [index]);
      expect(() => evaluateOperator(ml('ArrayFeatureExtractor'), [x, indices])).toThrow(
        expect.objectContaining({ code: 'ERR_EVAL_VALUE' }),
      );
    }
  });
});
