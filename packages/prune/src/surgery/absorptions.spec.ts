import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { groupsOf } from '../groups/groups-of.js';
import type { PruneUnit } from '../groups/prune-group.js';
import { checkRemoval, noise } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import { removeUnits } from './remove-units.js';

const weight = (g: GraphBuilder, dims: readonly number[], seed: number) =>
  g.weight('w', dims, noise(dims, seed).toFloat32());

/** Conv 3 -> 4, something between, Conv 4 -> 2 with the padding and kernel given. */
function convolutions(between: (g: GraphBuilder, x: Value) => Value, kernel = 1, pads = 0, hasBias = true): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [1, 3, 6, 6]);
  const first = g.op('Conv', [x, weight(g, [4, 3, 1, 1], 1), weight(g, [4], 2)]);
  const inputs = [between(g, first), weight(g, [2, 4, kernel, kernel], 3)];
  if (hasBias) inputs.push(weight(g, [2], 4));
  const y = g.op('Conv', inputs, { pads: Array<number>(4).fill(pads) }, { name: 'reader' });
  return g.output(y, 'y').model();
}

const feeds = { x: noise([1, 3, 6, 6], 9) };
const firstTwo = (model: Model): PruneUnit[] => groupsOf(model).groups[0]!.units.slice(0, 2);
const sigmoid = (g: GraphBuilder, x: Value) => g.op('Sigmoid', [x]);

test.each<[string, Model]>([
  ['Sigmoid before a 1x1 convolution', convolutions(sigmoid)],
  ['Sigmoid before a 3x3 convolution without padding', convolutions(sigmoid, 3)],
  ['a reader without bias', convolutions(sigmoid, 3, 0, false)],
  ['Exp, then pooling', convolutions((g, x) => g.op('AveragePool', [g.op('Exp', [x])], { kernel_shape: [2, 2] }))],
  [
    'a constant added after a HardSigmoid',
    convolutions((g, x) => g.op('Add', [g.op('HardSigmoid', [x]), g.constant(2, 'float32')])),
  ],
])('what is left goes into the bias: %s', async (_, model) => {
  const { kept, removed, model: pruned } = await checkRemoval(model, feeds, firstTwo(model));
  expect([kept.length, removed.length]).toEqual([0, 2]);
  // Not by leaving it out: the bias is another one.
  const bias = (m: Model) => [...m.graph.nodes()].at(-1)!.input(2)?.constant?.hash();
  expect(bias(pruned)).not.toBe(bias(model));
});

test('zero padding between: the units are kept with the reason, or removed and marked where that is allowed', async () => {
  const model = convolutions(sigmoid, 3, 1);
  const units = firstTwo(model);
  const refused = removeUnits(model, units);
  expect([refused.removed.length, refused.kept.length]).toEqual([0, 2]);
  expect(refused.kept[0]!.reason).toMatch(
    /^reader \(Conv\): .* leaves 0\.5, and zero padding keeps it out of the bias$/,
  );
  const allowed = removeUnits(model, units, { allowInexact: true });
  expect([allowed.removed.length, allowed.inexact.length]).toEqual([2, 2]);
  expect((await runOrt(allowed.model, feeds))['y']!.dims).toEqual([1, 2, 6, 6]);
});

test('what depends on the input is no constant: the units are kept', () => {
  const gated = convolutions((g, x) => g.op('Max', [x, g.op('ReduceMean', [g.graph.value('x')!], { axes: [1] })]));
  const { kept } = removeUnits(gated, firstTwo(gated));
  expect(kept.map(({ reason }) => reason)).toEqual(
    Array(2).fill('reader (Conv): what is left of max_out is no constant'),
  );
});

test('a matrix product has no bias: the Add behind it takes the numbers, or a new one, with names as they were', async () => {
  for (const [hasAdd, count] of [
    [true, 4],
    [false, 4],
  ] as const) {
    const g = new GraphBuilder('g');
    const first = g.op('MatMul', [g.input('x', 'float32', [2, 3]), weight(g, [3, 4], 1)]);
    const product = g.op('MatMul', [g.op('Sigmoid', [first]), weight(g, [4, 2], 2)]);
    const model = g.output(hasAdd ? g.op('Add', [product, weight(g, [2], 3)]) : product, 'y').model();
    const { model: pruned, kept } = await checkRemoval(model, { x: noise([2, 3], 5) }, firstTwo(model));
    expect([kept.length, pruned.graph.nodeCount]).toEqual([0, count]);
  }
});

test('inputs do not change, and what is not touched is shared', () => {
  const model = convolutions(sigmoid);
  const before = [...model.graph.initializers()].map(({ initializer }) => initializer);
  const { model: pruned } = removeUnits(model, []);
  expect([...pruned.graph.initializers()].map(({ initializer }) => initializer)).toEqual(before);
  removeUnits(model, firstTwo(model));
  expect([...model.graph.initializers()].map(({ initializer }) => initializer)).toEqual(before);
});

test('refused: all units of a layer, and units of another model', () => {
  const model = convolutions(sigmoid);
  const { units } = groupsOf(model).groups[0]!;
  const refusal = expect.objectContaining({ code: 'ERR_PRUNE_REMOVAL' });
  expect(() => removeUnits(model, units)).toThrow(refusal);
  const g = new GraphBuilder('g');
  const other = g.output(g.op('Relu', [g.input('other', 'float32', [1])]), 'y2').model();
  expect(() => removeUnits(other, [units[0]!])).toThrow(refusal);
});
