import { GraphBuilder, type PlainAttribute } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { symbol } from '../../ir/dim.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { tensorType } from '../../ir/value-type.js';
import { addIf } from '../testing/add-if.js';
import { checkExact, kinds } from '../testing/check-pass.js';

const PASS = ['eliminate-no-op'];
const LARGE = 2n ** 63n - 1n;

/** Zeros of both signs, infinities, a NaN, subnormals: what a rewrite that is not quite exact would change. */
const SPECIAL = [0, -0, Infinity, -Infinity, NaN, 1e-45, -1e-45, 3.4028234663852886e38, -1.5, 0.1, 2, 3];
const feeds = [1, 3].map((n) => {
  const data = Float32Array.from({ length: n * 4 }, (_, i) => SPECIAL[i % SPECIAL.length]!);
  return { x: Tensor.of('float32', [n, 4], data) };
});

interface Case {
  readonly op: string;
  readonly opset?: number;
  readonly inputs?: (g: GraphBuilder, x: Value) => (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, PlainAttribute>>;
}

const only = (_: GraphBuilder, x: Value) => [x];

function build({ op, opset = 17, inputs = only, attributes = {} }: Case) {
  const g = new GraphBuilder('net', { opset });
  const x = g.input('x', 'float32', ['n', 4]);
  const hidden = g.op('Neg', [x]);
  const inner = g.op(op, inputs(g, hidden), attributes);
  return g.output(g.op('Neg', [inner]), 'y').model();
}

const int64 = (g: GraphBuilder, ...values: (number | bigint)[]) =>
  g.graph.addInitializer('c', Tensor.fromNumbers('int64', [values.length], values));

const REMOVED: readonly (Case & { readonly what: string })[] = [
  { what: 'Cast to the same type', op: 'Cast', attributes: { to: 1 } },
  { what: 'CastLike', op: 'CastLike', inputs: (_, x) => [x, x] },
  { what: 'Transpose in order', op: 'Transpose', attributes: { perm: [0, 1] } },
  { what: 'Reshape with 0 and -1', op: 'Reshape', inputs: (g, x) => [x, g.constant([0, -1])] },
  { what: 'Reshape to its own Shape', op: 'Reshape', inputs: (g, x) => [x, g.op('Shape', [x])] },
  { what: 'Flatten of a matrix', op: 'Flatten' },
  { what: 'Expand to ones', op: 'Expand', inputs: (g, x) => [x, g.constant([1, 4])] },
  { what: 'Tile once', op: 'Tile', inputs: (g, x) => [x, g.constant([1, 1])] },
  { what: 'Slice of all', op: 'Slice', inputs: (g, x) => [x, int64(g, 0, 0), int64(g, LARGE, 4), g.constant([0, 1])] },
  { what: 'Slice of all, by attributes', op: 'Slice', opset: 9, attributes: { starts: [0, -9], ends: [2 ** 31, 9] } },
  { what: 'Pad of nothing', op: 'Pad', inputs: (g, x) => [x, g.constant([0, 0, 0, 0])] },
  { what: 'Pad of nothing, by attribute', op: 'Pad', opset: 10, attributes: { pads: [0, 0, 0, 0] } },
  { what: 'Concat of one', op: 'Concat', attributes: { axis: 1 } },
  { what: 'Sum of one', op: 'Sum' },
  { what: 'Max of one', op: 'Max' },
  { what: 'Min of one', op: 'Min' },
  { what: 'Mean of one', op: 'Mean' },
  { what: 'Add of -0', op: 'Add', inputs: (g, x) => [g.constant(-0, 'float32'), x] },
  { what: 'Sub of 0', op: 'Sub', inputs: (g, x) => [x, g.constant([0], 'float32')] },
  { what: 'Mul by 1', op: 'Mul', inputs: (g, x) => [g.constant([1, 1, 1, 1], 'float32'), x] },
  { what: 'Div by 1', op: 'Div', inputs: (g, x) => [x, g.constant([1], 'float32', [1, 1])] },
];

test.each(REMOVED)('$what goes', async (given) => {
  const { model } = await checkExact(build(given), [...PASS, 'eliminate-dead-code'], feeds);
  expect(kinds(model)).toEqual(['Neg', 'Neg']);
});

const KEPT: readonly (Case & { readonly what: string })[] = [
  { what: 'Add of 0 makes +0 of -0', op: 'Add', inputs: (g, x) => [x, g.constant(0, 'float32')] },
  { what: 'Sub of -0 makes +0 of -0', op: 'Sub', inputs: (g, x) => [x, g.constant(-0, 'float32')] },
  { what: '0 - x', op: 'Sub', inputs: (g, x) => [g.constant(0, 'float32'), x] },
  { what: '1 / x', op: 'Div', inputs: (g, x) => [g.constant(1, 'float32'), x] },
  { what: 'Clip without bounds makes infinities finite', op: 'Clip' },
  { what: 'Mul by 1 that adds an axis', op: 'Mul', inputs: (g, x) => [x, g.constant([1], 'float32', [1, 1, 1])] },
  { what: 'Mul by 1 that broadcasts', op: 'Mul', inputs: (g, x) => [x, g.constant([1, 1, 1], 'float32', [3, 1])] },
  { what: 'Cast to another type', op: 'Cast', attributes: { to: 11 } },
  { what: 'Transpose', op: 'Transpose', attributes: { perm: [1, 0] } },
  { what: 'Reshape to the other side', op: 'Reshape', inputs: (g, x) => [x, g.constant([4, -1])] },
  { what: 'Squeeze: the batch may be 1', op: 'Squeeze' },
  {
    what: 'Slice backwards',
    op: 'Slice',
    inputs: (g, x) => [x, int64(g, -1), int64(g, -LARGE), g.constant([1]), g.constant([-1])],
  },
  { what: 'Slice from 1', op: 'Slice', inputs: (g, x) => [x, g.constant([1]), int64(g, LARGE)] },
];

test.each(KEPT)('$what: stays', async (given) => {
  expect((await checkExact(build(given), PASS, feeds.slice(1))).applied).toEqual([]);
});

test('integers: + 0 and Clip without bounds go', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'int64', ['n']);
  const clipped = g.op('Clip', [g.op('Add', [g.op('Neg', [x]), g.constant(0)])]);
  g.output(g.op('Neg', [clipped]), 'y');
  const integers = [2, 3].map((n) => ({ x: Tensor.fromNumbers('int64', [n], [1, -2, 3].slice(0, n)) }));
  expect(kinds((await checkExact(g.model(), PASS, integers)).model)).toEqual(['Neg', 'Neg']);
});

test('a graph output keeps its name, in the main graph and in a branch', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.output(g.op('Flatten', [g.op('Neg', [x])]), 'flat');
  const y = addIf(g, (graph, name) => {
    const inner = graph.add({ op: 'Abs', inputs: [x], outputs: ['inner'] }).output;
    const attributes = { to: attribute.int(1) };
    return graph.add({ op: 'Cast', inputs: [inner], outputs: [`${name}_out`], attributes }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), PASS, feeds);
  expect(kinds(model)).toEqual(['Neg', 'If', 'Abs', 'Abs']);
  expect(model.graph.outputs.map(String)).toEqual(['flat', 'y']);
});

test('sizes that only value_info declares prove nothing: they are often of another batch', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const hidden = g.op('Compress', [x, g.input('keep', 'bool', ['m'])], { axis: 0 });
  g.graph.setType(hidden, tensorType('float32', [1, 4]));
  g.output(g.op('Reshape', [hidden, g.constant([1, -1])]), 'y', 'float32', [symbol('r').key, 4]);
  const all = feeds.map((fed) => ({ ...fed, keep: Tensor.fromNumbers('bool', [1], [1]) }));
  expect((await checkExact(g.model(), PASS, all)).applied).toEqual([]);
});
