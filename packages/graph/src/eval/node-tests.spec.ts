import { nodeTestCases } from '../testing/node-tests.js';
import { canEvaluate, evaluateValues } from './evaluate.js';
import { claimedOperators } from './registry.js';
import { difference, nodeTestData } from './testing/node-test-values.js';

const cases = nodeTestCases().map((test) => ({ title: test.name, ...nodeTestData(test) }));

/** Cases with an operator eval does not claim. */
const unclaimed = new Set(
  cases.flatMap(({ title, model }) => {
    const known = [...model.graph.nodes()].every(
      (node) => model.function(node.domain, node.op, node.overload) ?? canEvaluate(node),
    );
    return known ? [] : [title];
  }),
);

/** Why: nothing that draws random numbers is computed. */
const RANDOM_OPERATORS = ['test_bernoulli_double', 'test_bernoulli_seed_expanded'];

/** Why: training mode draws random numbers, and only the model's inputs say so. */
const RANDOM_DROPOUT = [
  'test_training_dropout_default',
  'test_training_dropout_default_mask',
  'test_training_dropout_mask',
];

/** Why: what these decode to depends on the decoder. */
const LOSSY_IMAGES = [
  'test_image_decoder_decode_jpeg_grayscale',
  'test_image_decoder_decode_jpeg_rgb',
  'test_image_decoder_decode_webp_rgb',
];

/**
 * The stored inverse transform holds float32 rounding of sums of up to 100 terms below 1, where ours has almost none: 100 * 2^-24 is more
 * than the runner's absolute tolerance.
 */
const absolute = (title: string) => (title.startsWith('test_dft_inverse') ? 100 * 2 ** -24 : undefined);

const refused = new Set([...unclaimed, ...RANDOM_DROPOUT, ...LOSSY_IMAGES]);

for (const { title, model, dataSets } of cases) {
  test(title, () => {
    expect(dataSets.length).toBeGreaterThan(0);
    for (const { feeds, outputs } of dataSets) {
      if (refused.has(title)) {
        expect(() => evaluateValues(model, feeds)).toThrow(expect.objectContaining({ code: 'ERR_EVAL_OP' }));
        continue;
      }
      const results = evaluateValues(model, feeds);
      for (const [name, expected] of outputs)
        expect(difference(results.get(name), expected, absolute(title))).toBeUndefined();
    }
  });
}

test('what is not covered is known by name, and the claim is wide', () => {
  expect([...unclaimed].sort()).toEqual(RANDOM_OPERATORS);
  const titles = cases.map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining([...RANDOM_DROPOUT, ...LOSSY_IMAGES]));
  expect(cases).toHaveLength(915);
  expect(claimedOperators().length).toBeGreaterThanOrEqual(259);
});
