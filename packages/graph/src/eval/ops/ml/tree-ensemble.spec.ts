import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { numbers } from '../../testing/ort.js';
import { type Attributes, elementsOf, evaluateOperator, expectSameAsOrt } from '../../testing/same-as-ort.js';

/** Sums of at most 20 weights below 1 in float32 there, in double here, and transforms no steeper than 4. */
const BOUND = 20 * 4 * 2 ** -23;

const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO'] as const;
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'] as const;
const FEATURES = 3;

const code = (expected: string) => expect.objectContaining({ code: expected });
const list = (count: number, seed: number) => [...numbers([count], seed).toFloat64()];

/** Complete trees of depth 3: node i has the children 2i + 1 and 2i + 2, the last 8 of 15 are leaves. */
function forest(trees: number, modes: readonly string[]) {
  const nodes = Array.from({ length: trees * 15 }, (_, i) => ({ tree: Math.floor(i / 15), id: i % 15, at: i }));
  const isLeaf = (id: number) => id >= 7;
  const attributes: Attributes = {
    nodes_treeids: nodes.map(({ tree }) => tree),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_featureids: nodes.map(({ at }) => at % FEATURES),
    nodes_modes: attribute.strings(nodes.map(({ id, at }) => (isLeaf(id) ? 'LEAF' : modes[at % modes.length]!))),
    nodes_values: attribute.floats(nodes.map(({ at }) => (at % 5) - 2)),
    nodes_truenodeids: nodes.map(({ id }) => (isLeaf(id) ? 0 : 2 * id + 1)),
    nodes_falsenodeids: nodes.map(({ id }) => (isLeaf(id) ? 0 : 2 * id + 2)),
    nodes_missing_value_tracks_true: nodes.map(({ at }) => (at % 3 === 0 ? 1 : 0)),
  };
  return { attributes, leaves: nodes.filter(({ id }) => isLeaf(id)) };
}

/** Votes of every leaf for all of `targets`. */
function votes(kind: 'target' | 'class', leaves: readonly { tree: number; id: number }[], targets: readonly number[]) {
  const all = leaves.flatMap((leaf) => targets.map((target) => ({ ...leaf, target })));
  return {
    [`${kind}_ids`]: all.map(({ target }) => target),
    [`${kind}_nodeids`]: all.map(({ id }) => id),
    [`${kind}_treeids`]: all.map(({ tree }) => tree),
  };
}

/** Whole numbers, so that every comparison meets equality; the floats have missing ones. */
function samples(dtype: 'float32' | 'float64' | 'int32' | 'int64', hasMissing = false): Tensor {
  const values = list(8 * FEATURES, 4).map((x) => Math.round(x * 3));
  if (hasMissing) [values[0], values[10]] = [NaN, NaN];
  return Tensor.fromNumbers(dtype, [8, FEATURES], values);
}

describe('TreeEnsembleRegressor', () => {
  test.each(['SUM', 'AVERAGE', 'MIN', 'MAX'])('%s', async (aggregate_function) => {
    // ONNX Runtime takes NaN != x for true; the standard sends NaN where nodes_missing_value_tracks_true says.
    const { attributes, leaves } = forest(4, MODES.slice(0, 5));
    for (const [i, post_transform] of TRANSFORMS.entries()) {
      const targets = [0, 1, 2].slice(0, 2 + (i % 2));
      const regressor = {
        ...attributes,
        ...votes('target', leaves, targets),
        target_weights: attribute.floats(list(leaves.length * targets.length, 6)),
        n_targets: targets.length,
        aggregate_function,
        post_transform,
        ...(i % 2 ? { base_values: attribute.floats(list(targets.length, 3)) } : {}),
      };
      const x = samples(i % 2 ? 'float64' : 'float32', true);
      await expectSameAsOrt('ai.onnx.ml::TreeEnsembleRegressor', [x], i % 2 ? doubled(regressor) : regressor, BOUND);
    }
  });
});

/** The same with tensors of doubles, which ONNX Runtime asks for where the samples are doubles. */
function doubled(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      const content = value as { type?: string; value: readonly number[] };
      if (content.type !== 'floats') return [name, value];
      return [`${name}_as_tensor`, Tensor.fromNumbers('float64', [content.value.length], content.value)];
    }),
  );
}

describe('TreeEnsembleClassifier', () => {
  const { attributes, leaves } = forest(3, MODES);
  const classifier = (targets: readonly number[], classes: number, weights: readonly number[]): Attributes => ({
    ...attributes,
    ...votes('class', leaves, targets),
    class_weights: attribute.floats(weights),
    classlabels_strings: attribute.strings(Array.from({ length: classes }, (_, i) => `class ${i}`)),
  });
  const run = (model: Attributes, dtype: Parameters<typeof samples>[0] = 'float32') =>
    expectSameAsOrt('ai.onnx.ml::TreeEnsembleClassifier', [samples(dtype)], model, BOUND, { outputs: 2 });

  test.each(TRANSFORMS)('three classes, %s', async (post_transform) => {
    const model = { ...classifier([0, 1, 2], 3, list(leaves.length * 3, 6)), post_transform };
    await run(model);
    await run({ ...model, base_values: attribute.floats(list(3, 3)) }, 'int64');
  });

  test.each(TRANSFORMS)('two classes of which one gets votes, %s', async (post_transform) => {
    const mixed = list(leaves.length, 6);
    const positive = mixed.map((weight) => Math.abs(weight) / 3);
    for (const voted of [0, 1]) {
      for (const weights of [mixed, positive]) {
        const model = { ...classifier([voted], 2, weights), post_transform };
        await run(model, 'int32');
        if (voted === 0) await run({ ...model, base_values: attribute.floats([0.2]) });
      }
    }
  });

  test('two classes with votes for both: the larger score wins (ONNX Runtime gives 1, which is no label here)', () => {
    const weights = leaves.flatMap((_, i) => (i % 2 ? [0.7, 0.3] : [0.2, 0.9]));
    const [labels, scores] = evaluateOperator(
      'ai.onnx.ml::TreeEnsembleClassifier',
      [samples('float32')],
      classifier([0, 1], 2, weights),
      { outputs: 2 },
    ) as [Tensor, Tensor];
    const rows = Array.from({ length: 8 }, (_, i) => scores.toFloat64().slice(2 * i, 2 * i + 2));
    expect(elementsOf(labels)).toEqual(rows.map(([first, second]) => (second! > first! ? 'class 1' : 'class 0')));
  });
});

describe('TreeEnsemble', () => {
  const modes = Tensor.of('uint8', [7], Uint8Array.of(0, 1, 2, 3, 4, 5, 6));
  // A node with leaves only has the two leaves 2i and 2i + 1 that are its own.
  const ensemble = (dtype: 'float32' | 'float64'): Attributes => ({
    nodes_modes: modes,
    nodes_splits: Tensor.fromNumbers(dtype, [7], [0, 1, -1, 0, 2, 1, 0]),
    nodes_featureids: [0, 1, 2, 0, 1, 2, 0],
    nodes_truenodeids: [1, 3, 5, 0, 2, 4, 6],
    nodes_trueleafs: [0, 0, 0, 1, 1, 1, 1],
    nodes_falsenodeids: [2, 4, 6, 1, 3, 5, 7],
    nodes_falseleafs: [0, 0, 0, 1, 1, 1, 1],
    nodes_missing_value_tracks_true: [1, 0, 0, 1, 0, 1, 1],
    membership_values: Tensor.fromNumbers(dtype, [4], [-2, 0, 3, NaN]),
    leaf_targetids: [0, 1, 0, 1, 0, 1, 0, 1],
    leaf_weights: Tensor.fromNumbers(dtype, [8], list(8, 5)),
    tree_roots: [0, 2, 1],
    n_targets: 2,
  });
  const options = { version: 5 };

  test.each(['float32', 'float64'] as const)('%s', async (dtype) => {
    for (const aggregate_function of [0, 1, 2, 3]) {
      for (const post_transform of [0, 3]) {
        const model = { ...ensemble(dtype), aggregate_function, post_transform };
        await expectSameAsOrt('ai.onnx.ml::TreeEnsemble', [samples(dtype, true)], model, BOUND, options);
      }
    }
  });

  test('the codes of transforms are those of the standard (ONNX Runtime has 1 and 2 the other way round)', () => {
    const run = (post_transform: number) =>
      evaluateOperator(
        'ai.onnx.ml::TreeEnsemble',
        [samples('float32')],
        { ...ensemble('float32'), post_transform },
        options,
      )[0]!;
    const [none, softmax, logistic] = [0, 1, 2].map((transform) => run(transform).toFloat64());
    expect(softmax![0]! + softmax![1]!).toBeCloseTo(1, 6);
    expect(logistic![1]).toBeCloseTo(1 / (1 + Math.exp(-none![1]!)), 6);
  });

  test('a cycle ends, and so does every other model that is no forest', () => {
    const run = (changes: Attributes) => () =>
      evaluateOperator(
        'ai.onnx.ml::TreeEnsemble',
        [samples('float32')],
        { ...ensemble('float32'), ...changes },
        options,
      );
    expect(run({ nodes_truenodeids: [1, 0, 0, 0, 2, 4, 6], nodes_falsenodeids: [2, 0, 0, 1, 3, 5, 7] })).toThrow(
      code('ERR_EVAL_VALUE'),
    );
    expect(run({ tree_roots: [99] })).toThrow(code('ERR_EVAL_VALUE'));
    expect(run({ nodes_featureids: [3, 3, 3, 3, 3, 3, 3] })).toThrow(code('ERR_EVAL_VALUE'));
    expect(run({ leaf_targetids: [2, 2, 2, 2, 2, 2, 2, 2] })).toThrow(code('ERR_EVAL_VALUE'));
    expect(run({ nodes_trueleafs: [1] })).toThrow(code('ERR_EVAL_SHAPE'));
    expect(run({ nodes_truenodeids: [99, 99, 99, 99, 99, 99, 99] })).toThrow(code('ERR_EVAL_VALUE'));
    expect(run({ nodes_modes: Tensor.of('uint8', [7], Uint8Array.of(9, 9, 9, 9, 9, 9, 9)) })).toThrow(
      code('ERR_EVAL_OP'),
    );
  });
});

test('a missing value goes where nodes_missing_value_tracks_true says, whatever the comparison', () => {
  const { attributes, leaves } = forest(1, ['BRANCH_NEQ']);
  const regressor = {
    ...attributes,
    ...votes('target', leaves, [0]),
    target_weights: attribute.floats(leaves.map((_, i) => i + 1)),
    n_targets: 1,
    nodes_missing_value_tracks_true: new Array<number>(15).fill(0),
  };
  const x = Tensor.fromNumbers('float32', [1, FEATURES], [NaN, NaN, NaN]);
  // The false branch at every node: the last leaf.
  expect(evaluateOperator('ai.onnx.ml::TreeEnsembleRegressor', [x], regressor)[0]!.toFloat64()).toEqual(
    Float64Array.of(8),
  );
});

test('a transform applies to one score too (ONNX Runtime leaves it as it is)', () => {
  const { attributes, leaves } = forest(1, ['BRANCH_LEQ']);
  const regressor = (post_transform: string) => ({
    ...attributes,
    ...votes('target', leaves, [0]),
    target_weights: attribute.floats(leaves.map(() => 0.75)),
    n_targets: 1,
    post_transform,
  });
  const x = samples('float32');
  const run = (name: string) =>
    evaluateOperator('ai.onnx.ml::TreeEnsembleRegressor', [x], regressor(name))[0]!.toFloat64()[0]!;
  expect(run('LOGISTIC')).toBeCloseTo(1 / (1 + Math.exp(-0.75)), 6);
  expect(run('SOFTMAX')).toBe(1);
  // The normal quantile of 0.75 is 0.67449; Winitzki's approximation is good to 2e-3.
  expect(Math.abs(run('PROBIT') - 0.67449)).toBeLessThan(2e-3 * 0.67449);
});
