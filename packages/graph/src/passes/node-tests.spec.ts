import { nodeTestData } from '../eval/testing/node-test-values.js';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { nodeTestCases } from '../testing/node-tests.js';
import { PASSES } from './registry.js';
import { applyPasses } from './testing/check-pass.js';
import { expectEqualBits, type Outputs } from './testing/compare.js';
import { storedDifference, tensorFeeds, tryRun } from './testing/node-test-run.js';

const EXACT = new Set(PASSES.filter(({ exactness }) => exactness === 'exact').map(({ name }) => name));

/** Bernoulli and the like, and Dropout that trains, without a seed: no two runs are alike. */
const isRandom = /bernoulli|training_dropout/;

const compared = { asStored: 0, frozen: 0, changed: 0 };

/** The same model with the given inputs as constants, so that there is something to fold. */
function freeze(model: Model, constants: Readonly<Record<string, Tensor>>): Model {
  const frozen = model.clone();
  const { graph } = frozen;
  for (const [name, tensor] of Object.entries(constants)) {
    const input = graph.value(name)!;
    graph.replaceUses(input, graph.addInitializer(`${name}_frozen`, tensor));
  }
  return frozen;
}

async function check(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Outputs | undefined> {
  const before = await tryRun(model, feeds);
  if (!before) return undefined;
  const { model: optimized, applied } = applyPasses(model, 'default');
  if (applied.length === 0) return before;
  compared.changed++;
  const after = await tryRun(optimized, feeds);
  if (applied.every(({ pass }) => EXACT.has(pass))) expectEqualBits(after!, before);
  return after;
}

for (const test of nodeTestCases()) {
  if (isRandom.test(test.name)) continue;
  it(test.name, async () => {
    const { model, dataSets } = nodeTestData(test);
    const [set] = dataSets;
    const feeds = set && tensorFeeds(set);
    const stored = feeds && (await tryRun(model, feeds));
    // Cases whose stored outputs ONNX Runtime itself does not meet say nothing about passes.
    if (!feeds || !stored || storedDifference(stored, set.outputs)) return;
    const found = await check(model, feeds);
    expect(storedDifference(found!, set.outputs)).toBeUndefined();
    compared.asStored++;
    const [, ...others] = Object.entries(feeds);
    const frozen = await check(freeze(model, Object.fromEntries(others)), feeds);
    if (!frozen) return;
    expect(storedDifference(frozen, set.outputs)).toBeUndefined();
    compared.frozen++;
  });
}

it('most cases were compared', () => {
  expect(compared.asStored).toBeGreaterThanOrEqual(660);
  expect(compared.frozen).toBeGreaterThanOrEqual(660);
  expect(compared.changed).toBeGreaterThanOrEqual(290);
});
