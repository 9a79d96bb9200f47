import { GraphBuilder } from '../builder.js';
import { evaluate } from '../eval/evaluate.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { DEFAULT_PIPELINE, PASSES } from './registry.js';
import { applyPasses } from './testing/check-pass.js';
import { expectEqualBits } from './testing/compare.js';
import { runOnce } from './testing/ort-session.js';

const SIDE = 3;
const GRAPHS = 150;

/** Integers in [0, below). Source: Park and Miller 1988, the minimal standard generator. */
function dice(seed: number): (below: number) => number {
  let state = (seed * 7919 + 12345) % 2147483647;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return Math.floor((state / 2147483647) * below);
  };
}

/** Values that show a rewrite which is not quite exact. */
const ELEMENTS = [0, -0, 1, -1, 0.1, 1e-45, 3.4e38, Infinity, -Infinity, NaN, 2, -3];

type Step = (g: GraphBuilder, pick: () => Value, roll: (below: number) => number) => Value;

const matrix = (g: GraphBuilder, roll: (below: number) => number): Value => {
  const kind = roll(4);
  const values = Array.from({ length: SIDE * SIDE }, () => (kind < 2 ? kind : kind === 2 ? -0 : ELEMENTS[roll(12)]!));
  const dims = [[SIDE, SIDE], [1, SIDE], [SIDE], [1]][roll(4)]!;
  return g.constant(
    values.slice(
      0,
      dims.reduce((a, b) => a * b, 1),
    ),
    'float32',
    dims,
  );
};

/** Each makes a [3, 3] matrix of [3, 3] matrices. */
const STEPS: readonly Step[] = [
  (g, pick) => g.op('Identity', [pick()]),
  (g, pick) => g.op('Neg', [pick()]),
  (g, pick) => g.op('Relu', [pick()]),
  (g, pick) => g.op('Transpose', [pick()], { perm: [1, 0] }),
  (g, pick) => g.op('Transpose', [pick()], { perm: [0, 1] }),
  (g, pick) => g.op('Cast', [pick()], { to: 1 }),
  (g, pick) => g.op('Cast', [g.op('Cast', [pick()], { to: 11 })], { to: 1 }),
  (g, pick) => g.op('Reshape', [g.op('Flatten', [pick()], { axis: 0 }), g.constant([SIDE, -1])]),
  (g, pick) => g.op('Squeeze', [g.op('Unsqueeze', [pick(), g.constant([0])]), g.constant([0])]),
  (g, pick) => g.op('Expand', [pick(), g.constant([1, SIDE])]),
  (g, pick) => g.op('Slice', [g.op('Concat', [pick(), pick()], { axis: 0 }), g.constant([1]), g.constant([1 + SIDE])]),
  (g, pick) => g.op('Slice', [pick(), g.constant([0]), g.constant([SIDE])]),
  (g, pick) => g.op('Pad', [pick(), g.constant([0, 0, 0, 0])]),
  (g, pick) => g.op('Sum', [pick()]),
  (g, pick) => {
    const x = pick();
    return g.op('Reshape', [pick(), g.op('Shape', [x])]);
  },
  (g, pick, roll) => g.op(['Add', 'Sub', 'Mul', 'Div'][roll(4)]!, [pick(), matrix(g, roll)]),
  (g, pick, roll) =>
    g.op(['Add', 'Sub', 'Mul', 'Div'][roll(4)]!, [g.op('Expand', [matrix(g, roll), g.constant([SIDE, SIDE])]), pick()]),
  (g, pick, roll) => g.op(['Add', 'Sub', 'Mul', 'Max', 'Min'][roll(5)]!, [pick(), pick()]),
  (g, pick) => g.op('Where', [g.op('Greater', [pick(), pick()]), pick(), pick()]),
  (g, pick, roll) => g.op('Expand', [g.op('Abs', [matrix(g, roll)]), g.constant([SIDE, SIDE])]),
];

function randomModel(seed: number): Model {
  const roll = dice(seed);
  const g = new GraphBuilder('random');
  const values = [g.input('x', 'float32', ['n', SIDE])];
  const pick = () => values[Math.max(roll(values.length), roll(values.length))]!;
  // The batch is symbolic at the input only: from here on all are [3, 3].
  values.push(g.op('Slice', [values[0]!, g.constant([0]), g.constant([SIDE])]));
  values.push(g.op('Reshape', [values[1]!, g.constant([SIDE, SIDE])]));
  values.shift();
  for (let i = 0; i < 12; i++) values.push(STEPS[roll(STEPS.length)]!(g, pick, roll));
  const outputs = new Set([values.at(-1)!, pick(), pick()]);
  [...outputs].forEach((value, index) => g.output(value, `y${index}`));
  return g.model();
}

test('150 random graphs: bitwise equal outputs after the default passes that are exact, and folding of moves and sums', async () => {
  const names = DEFAULT_PIPELINE.filter((name) => {
    return name === 'fold-constants' || PASSES.find((pass) => pass.name === name)?.exactness === 'exact';
  });
  let changes = 0;
  for (let seed = 1; seed <= GRAPHS; seed++) {
    const model = randomModel(seed);
    const { model: optimized, applied } = applyPasses(model, [...names, ...names]);
    changes += applied.length;
    for (const n of [SIDE, SIDE + 2]) {
      const roll = dice(seed + n);
      const data = Float32Array.from({ length: n * SIDE }, () => ELEMENTS[roll(12)]!);
      const feeds = { x: Tensor.of('float32', [n, SIDE], data) };
      expectEqualBits(evaluate(optimized, feeds), evaluate(model, feeds));
      if (seed % 3 === 0) expectEqualBits(await runOnce(optimized, feeds), await runOnce(model, feeds));
    }
  }
  expect(changes).toBeGreaterThan(GRAPHS);
});
