import { serializeModel } from '@gossamer/graph/onnx';
import { checkGenerated, type Finding } from './check-graph.js';
import { generateGraph } from './generate-graph.js';

const GRAPHS = 25;

test(`${GRAPHS} generated graphs come through every pass with equal outputs`, async () => {
  const findings: (Finding & { seed: number })[] = [];
  for (let seed = 1; seed <= GRAPHS; seed++) {
    for (const finding of await checkGenerated(generateGraph(seed), seed)) findings.push({ seed, ...finding });
  }
  expect(findings.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(findings.filter(({ changes }) => changes > 0).length).toBeGreaterThan(5 * GRAPHS);
});

test('equal seeds give equal bytes', () => {
  expect(serializeModel(generateGraph(7).model)).toEqual(serializeModel(generateGraph(7).model));
});
