import { writeFileSync } from 'node:fs';
import { nodeTestCases } from './node-test-cases.js';
import { type NodeTestResult, runNodeTest } from './run-node-test.js';

process.env['GOSSAMER_TFJS_BACKEND'] ??= 'cpu';

const cases = nodeTestCases();
const results: NodeTestResult[] = [];

for (const nodeTest of cases) {
  test(nodeTest.name, async () => {
    const result = await runNodeTest(nodeTest, 'tfjs');
    results.push(result);
    expect(result).not.toMatchObject({ outcome: 'failed' });
  });
}

test('the claim is wide', () => {
  expect(cases).toHaveLength(915);
  expect(results.filter(({ outcome }) => outcome.startsWith('passed')).length).toBeGreaterThanOrEqual(300);
});

afterAll(() => {
  // For docs/tfjs-engine.md: GOSSAMER_TFJS_NODE_TESTS=<file> npx jest packages/bench/src/conformance/tfjs
  const path = process.env['GOSSAMER_TFJS_NODE_TESTS'];
  if (path !== undefined) writeFileSync(path, JSON.stringify(results, null, 1));
});
