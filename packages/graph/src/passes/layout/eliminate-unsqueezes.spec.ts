import { GraphBuilder } from '../../builder.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['eliminate-unsqueezes', 'eliminate-dead-code'];

type Step = readonly [op: 'Squeeze' | 'Unsqueeze', axes: readonly number[]];

function build(steps: readonly Step[], opset = 13, extra?: (g: GraphBuilder, between: Value) => void) {
  const g = new GraphBuilder('net', { opset });
  let y = g.op('Relu', [g.input('x', 'float32', ['n', 1, 4])]);
  for (const [op, axes] of steps) {
    y = opset < 13 ? g.op(op, [y], { axes }) : g.op(op, [y, g.constant(axes)]);
    if (op === steps[0]![0]) extra?.(g, y);
  }
  return g.output(g.op('Neg', [y]), 'y').model();
}

const feeds = [1, 2].map((n) => ({ x: randomTensor([n, 1, 4], n) }));

test.each<[Step[], ...number[]]>([
  [
    [
      ['Unsqueeze', [1]],
      ['Squeeze', [1]],
    ],
  ],
  [
    [
      ['Unsqueeze', [1, 3]],
      ['Squeeze', [-2, 1]],
    ],
  ],
  [
    [
      ['Squeeze', [1]],
      ['Unsqueeze', [1]],
    ],
  ],
  [
    [
      ['Squeeze', [-2]],
      ['Unsqueeze', [1]],
    ],
  ],
  [
    [
      ['Unsqueeze', [0]],
      ['Squeeze', [0]],
    ],
    11,
  ],
])('%j cancel', async (steps, ...[opset]) => {
  const { model } = await checkExact(build(steps, opset), PASSES, feeds);
  expect(kinds(model)).toEqual(['Relu', 'Neg']);
});

test('what lies between stays for its other readers; a last one that is an output keeps its name', async () => {
  const read = build(
    [
      ['Unsqueeze', [1]],
      ['Squeeze', [1]],
    ],
    13,
    (g, between) => g.output(g.op('Abs', [between]), 'z'),
  );
  const { model } = await checkExact(read, PASSES, feeds);
  expect(kinds(model)).toEqual(['Relu', 'Unsqueeze', 'Abs', 'Neg']);
  const g = new GraphBuilder('net', { opset: 13 });
  const x = g.op('Relu', [g.input('x', 'float32', ['n', 1, 4])]);
  g.output(g.op('Squeeze', [g.op('Unsqueeze', [x, g.constant([1])]), g.constant([1])]), 'y');
  const named = await checkExact(g.model(), PASSES, feeds);
  expect(kinds(named.model)).toEqual(['Relu']);
});

test.each<[Step[]]>([
  [
    [
      ['Unsqueeze', [1]],
      ['Squeeze', [2]],
    ],
  ],
  [
    [
      ['Unsqueeze', [1]],
      ['Squeeze', [1, 2]],
    ],
  ],
])('%j stay', (steps) => {
  expect(applyPasses(build(steps), PASSES).applied).toEqual([]);
});
