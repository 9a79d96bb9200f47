import { nodeTestCases } from '../testing/node-tests.js';
import { canEvaluate, evaluateValues } from './evaluate.js';
import { claimedOperators } from './registry.js';
import { difference, nodeTestData } from './testing/node-test-values.js';

/** Cases whose every operator eval claims. */
const covered = nodeTestCases().flatMap((test) => {
  const data = nodeTestData(test);
  const { model } = data;
  const known = [...model.graph.nodes()].every(
    (node) => model.function(node.domain, node.op, node.overload) ?? canEvaluate(node),
  );
  return known && data.dataSets.length > 0 ? [{ name: test.name, ...data }] : [];
});

/**
 * The stored inverse transform holds float32 rounding of sums of up to 100 terms below 1, where ours has almost none: 100 * 2^-24 is more
 * than the runner's absolute tolerance.
 */
const absolute = (title: string) => (title.startsWith('test_dft_inverse') ? 100 * 2 ** -24 : undefined);

/** Dropout in training mode draws random numbers: eval refuses it. */
const random = /^test_training_dropout(_default)?(_mask)?$/;

for (const { name: title, model, dataSets } of covered) {
  test(title, () => {
    for (const { feeds, outputs } of dataSets) {
      if (random.test(title)) {
        expect(() => evaluateValues(model, feeds)).toThrow(expect.objectContaining({ code: 'ERR_EVAL_OP' }));
        continue;
      }
      const results = evaluateValues(model, feeds);
      for (const [name, expected] of outputs)
        expect(difference(results.get(name), expected, absolute(title))).toBeUndefined();
    }
  });
}

test('the claim is wide', () => {
  expect(covered.length).toBeGreaterThanOrEqual(865);
  expect(claimedOperators().length).toBeGreaterThanOrEqual(214);
});
