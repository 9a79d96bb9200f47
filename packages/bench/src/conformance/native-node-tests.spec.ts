import { writeFileSync } from 'node:fs';
import { nodeTestCases } from './node-test-cases.js';
import { type NodeTestResult, runNodeTest } from './run-node-test.js';

const cases = nodeTestCases();
const results: NodeTestResult[] = [];

for (const nodeTest of cases) {
  test(nodeTest.name, async () => {
    const result = await runNodeTest(nodeTest);
    results.push(result);
    expect(result).not.toMatchObject({ outcome: 'failed' });
  });
}

test('the claim is wide', () => {
  expect(cases).toHaveLength(915);
  expect(results.filter(({ outcome }) => outcome.startsWith('passed')).length).toBeGreaterThanOrEqual(600);
});

afterAll(() => {
  // For docs/benchmarks: GOSSAMER_NATIVE_NODE_TESTS=<file> npx jest packages/bench/src/conformance
  const path = process.env['GOSSAMER_NATIVE_NODE_TESTS'];
  if (path !== undefined) writeFileSync(path, JSON.stringify(results, null, 1));
});
