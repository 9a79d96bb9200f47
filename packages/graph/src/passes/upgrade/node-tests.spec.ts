import { nodeTestData } from '../../eval/testing/node-test-values.js';
import { nodeTestCases } from '../../testing/node-tests.js';
import { checkModel } from '../testing/check-pass.js';
import { expectEqualBits } from '../testing/compare.js';
import { poolsAnew } from '../testing/expect-upgraded.js';
import { storedDifference, tensorFeeds, tryRun } from '../testing/node-test-run.js';
import { upgradeOpset } from './upgrade-opset.js';

describe('ONNX node tests of opset 7 to 20, at 21', () => {
  /** Scan of opset 8 has a batch axis. */
  const REFUSED = 'test_scan_sum';
  let compared = 0;
  for (const { name, ...rest } of nodeTestCases()) {
    const data = nodeTestData({ name, ...rest });
    const { model } = data;
    if (model.opset < 7 || model.opset > 20 || /bernoulli|training_dropout/.test(name)) continue;
    it(name, async () => {
      const [set] = data.dataSets;
      const feeds = set && tensorFeeds(set);
      const before = feeds && (await tryRun(model, feeds));
      if (!feeds || !before || storedDifference(before, set.outputs)) return;
      if (name === REFUSED) {
        expect(() => upgradeOpset(model, 21)).toThrow(expect.objectContaining({ code: 'ERR_OPSET_UPGRADE' }));
        return;
      }
      const upgraded = upgradeOpset(model, 21);
      checkModel(upgraded);
      const after = await tryRun(upgraded, feeds);
      expect(after).toBeDefined();
      if (poolsAnew(model, 21)) expect(storedDifference(after!, set.outputs)).toBeUndefined();
      else expectEqualBits(after!, before);
      compared++;
    });
  }

  it('most were compared', () => {
    expect(compared).toBeGreaterThanOrEqual(400);
  });
});
