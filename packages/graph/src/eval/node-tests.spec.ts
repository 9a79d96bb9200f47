import { writeFileSync } from 'node:fs';
import { nodeTestCases } from '../testing/node-tests.js';
import { canEvaluate, evaluateValues } from './evaluate.js';
import { claimedOperators } from './registry.js';
import { nodeTestTable } from './testing/node-test-table.js';
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

/** Cases that eval refuses by name, and why. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  'nothing that draws random numbers is computed': ['test_bernoulli_double', 'test_bernoulli_seed_expanded'],
  'training mode draws random numbers': [
    'test_training_dropout_default',
    'test_training_dropout_default_mask',
    'test_training_dropout_mask',
  ],
  'what a lossy image decodes to depends on the decoder': [
    'test_image_decoder_decode_jpeg_grayscale',
    'test_image_decoder_decode_jpeg_rgb',
    'test_image_decoder_decode_webp_rgb',
  ],
};
const REFUSED = new Map(
  Object.entries(REASONS).flatMap(([reason, titles]) => titles.map((title) => [title, reason] as const)),
);

/**
 * The stored inverse transform holds float32 rounding of sums of up to 100 terms below 1, where ours has almost none: 100 * 2^-24 is more
 * than the runner's absolute tolerance.
 */
const absolute = (title: string) => (title.startsWith('test_dft_inverse') ? 100 * 2 ** -24 : undefined);

const passed: string[] = [];

for (const { title, model, dataSets } of cases) {
  test(title, () => {
    expect(dataSets.length).toBeGreaterThan(0);
    for (const { feeds, outputs } of dataSets) {
      if (REFUSED.has(title)) {
        expect(() => evaluateValues(model, feeds)).toThrow(expect.objectContaining({ code: 'ERR_EVAL_OP' }));
        continue;
      }
      const results = evaluateValues(model, feeds);
      for (const [name, expected] of outputs)
        expect(difference(results.get(name), expected, absolute(title))).toBeUndefined();
    }
    if (!REFUSED.has(title)) passed.push(title);
  });
}

test('what is refused is known by name, and the claim is wide', () => {
  const titles = cases.map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining([...REFUSED.keys()]));
  expect([...unclaimed].filter((title) => !REFUSED.has(title))).toEqual([]);
  expect(cases).toHaveLength(915);
  expect(passed.length + REFUSED.size).toBe(915);
  expect(claimedOperators().length).toBeGreaterThanOrEqual(259);
});

afterAll(() => {
  // For docs/benchmarks: GOSSAMER_NODE_TESTS_TABLE=<file> npx jest packages/graph/src/eval/node-tests.spec.ts
  const path = process.env['GOSSAMER_NODE_TESTS_TABLE'];
  const refused = [...REFUSED].map(([title, reason]) => ({ title, reason }));
  if (path !== undefined) writeFileSync(path, nodeTestTable(passed, refused));
});
