import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { nodeTestData } from '../../eval/testing/node-test-values.js';
import { nodeTestCases } from '../../testing/node-tests.js';
import { checkModel } from '../testing/check-pass.js';
import { expectEqualBits, type Outputs } from '../testing/compare.js';
import { NEWEST_OF_RUNTIME, poolsAnew } from '../testing/expect-upgraded.js';
import { storedDifference, tensorFeeds, tryRun } from '../testing/node-test-run.js';
import { upgradeOpset } from './upgrade-opset.js';

/** What the reference evaluator makes of a model; undefined where it refuses. */
function tryEvaluate(model: Model, feeds: Readonly<Record<string, Tensor>>): Outputs | undefined {
  try {
    return evaluate(model, feeds);
  } catch {
    return undefined;
  }
}

describe.each([
  [21, tryRun, 400],
  [NEWEST_OF_RUNTIME, tryRun, 640],
  [28, tryEvaluate, 750],
] as const)('ONNX node tests of opset 7 and newer, at %i', (target, run, least) => {
  const compared: string[] = [];
  for (const { name, ...rest } of nodeTestCases()) {
    const data = nodeTestData({ name, ...rest });
    const { model } = data;
    if (model.opset < 7 || model.opset >= target || /bernoulli|training_dropout/.test(name)) continue;
    it(name, async () => {
      const [set] = data.dataSets;
      const feeds = set && tensorFeeds(set);
      const before = feeds && (await run(model, feeds));
      if (!feeds || !before || storedDifference(before, set.outputs)) return;
      const upgraded = upgradeOpset(model, target);
      checkModel(upgraded);
      const after = await run(upgraded, feeds);
      expect(after).toBeDefined();
      if (poolsAnew(model, target)) expect(storedDifference(after!, set.outputs)).toBeUndefined();
      else expectEqualBits(after!, before);
      compared.push(name);
    });
  }

  it('most were compared', () => {
    expect(compared.length).toBeGreaterThanOrEqual(least);
  });
});
