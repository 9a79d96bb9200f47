import fc from 'fast-check';
import { MinCut } from './min-cut.js';

interface Problem {
  readonly vertices: number;
  readonly source: number[];
  readonly sink: number[];
  readonly edges: { from: number; to: number; cost: number }[];
}

const problem: fc.Arbitrary<Problem> = fc.integer({ min: 1, max: 7 }).chain((vertices) => {
  const index = fc.integer({ min: 0, max: vertices - 1 });
  const cost = fc.integer({ min: 0, max: 9 });
  return fc.record({
    vertices: fc.constant(vertices),
    source: fc.array(cost, { minLength: vertices, maxLength: vertices }),
    sink: fc.array(cost, { minLength: vertices, maxLength: vertices }),
    edges: fc.array(fc.record({ from: index, to: index, cost }), { maxLength: 14 }),
  });
});

function costOf({ source, sink, edges }: Problem, sides: readonly boolean[]): number {
  let total = 0;
  sides.forEach((onSource, i) => (total += onSource ? sink[i]! : source[i]!));
  for (const { from, to, cost } of edges) if (sides[from] && !sides[to]) total += cost;
  return total;
}

test('the cut is as cheap as the cheapest of all splits', () => {
  fc.assert(
    fc.property(problem, (p) => {
      const cut = new MinCut();
      const ids = Array.from({ length: p.vertices }, () => cut.vertex());
      p.source.forEach((cost, i) => cut.preferSource(ids[i]!, cost));
      p.sink.forEach((cost, i) => cut.preferSink(ids[i]!, cost));
      for (const { from, to, cost } of p.edges) cut.edge(ids[from]!, ids[to]!, cost);
      const sides = cut.solve();
      const mine = costOf(
        p,
        ids.map((id) => sides[id]!),
      );
      let best = Infinity;
      for (let mask = 0; mask < 2 ** p.vertices; mask++) {
        best = Math.min(
          best,
          costOf(
            p,
            ids.map((_, i) => ((mask >> i) & 1) === 1),
          ),
        );
      }
      expect(mine).toBe(best);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('forbidden edges are never cut, and ties leave vertices on the sink side', () => {
  const cut = new MinCut();
  const [a, b, tie] = [cut.vertex(), cut.vertex(), cut.vertex()];
  cut.preferSource(a, 5);
  cut.edge(a, b, Infinity);
  cut.preferSink(b, 3);
  cut.preferSource(tie, 1);
  cut.preferSink(tie, 1);
  const sides = cut.solve();
  expect([sides[a], sides[b], sides[tie]]).toEqual([true, true, false]);
});
