import { GraphBuilder } from '../builder.js';
import { bindDim } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import { inferTypes } from './infer-types.js';

type Build = (g: GraphBuilder, shape: Value) => Value;

/** Contents that a computation over Shape(x), x being [n, 3, h], ends with. */
function contents(build: Build): string {
  const g = new GraphBuilder('net', { opset: 18 });
  const x = g.input('x', 'float32', ['n', 3, 'h']);
  const result = build(g, g.op('Shape', [x]));
  const types = inferTypes(g.output(result).model(), { strict: true });
  return (types.dataOf(result) ?? ['none']).map((dim) => (dim === undefined ? '?' : String(dim))).join(',');
}

const cases: readonly [string, Build, string][] = [
  ['Shape', (_, s) => s, 'n,3,h'],
  ['Shape with bounds', (g) => g.op('Shape', [g.graph.inputs[0]], { start: -2, end: 9 }), '3,h'],
  ['Size', (g) => g.op('Size', [g.graph.inputs[0]]), '3*h*n'],
  ['Gather', (g, s) => g.op('Gather', [s, g.constant([2, -3])]), 'h,n'],
  ['Slice', (g, s) => g.op('Slice', [s, g.constant([1]), g.constant([2 ** 40]), g.constant([0])]), '3,h'],
  [
    'Slice backwards',
    (g, s) => g.op('Slice', [s, g.constant([-1]), g.constant([-9]), g.constant([0]), g.constant([-1])]),
    'h,3,n',
  ],
  ['Concat', (g, s) => g.op('Concat', [s, g.constant([-1])], { axis: 0 }), 'n,3,h,-1'],
  ['Concat with unknown parts', (g, s) => g.op('Concat', [s, g.input('k', 'int64', [2])], { axis: 0 }), 'n,3,h,?,?'],
  [
    'Unsqueeze and Squeeze',
    (g, s) => g.op('Squeeze', [g.op('Unsqueeze', [s, g.constant([1])]), g.constant([1])]),
    'n,3,h',
  ],
  ['Cast', (g, s) => g.op('Cast', [g.op('Cast', [s], { to: 1 })], { to: 7 }), 'n,3,h'],
  ['Add', (g, s) => g.op('Add', [s, g.constant(1)]), 'n+1,4,h+1'],
  ['Sub', (g, s) => g.op('Sub', [s, s]), '0,0,0'],
  ['Mul', (g, s) => g.op('Mul', [s, s]), 'n*n,9,h*h'],
  ['Div', (g, s) => g.op('Div', [s, g.constant(2)]), 'floor((n)/2),1,floor((h)/2)'],
  ['Mod', (g, s) => g.op('Mod', [g.op('Mul', [s, g.constant(4)]), g.constant(5)]), 'mod(4*n,5),2,mod(4*h,5)'],
  ['Min', (g, s) => g.op('Min', [s, g.constant(2 ** 53 - 1)]), 'n,3,h'],
  ['Max', (g, s) => g.op('Max', [s, g.op('Add', [s, g.constant(1)])]), 'n+1,4,h+1'],
  ['ReduceProd', (g, s) => g.op('ReduceProd', [s, g.constant([0])], { keepdims: 0 }), '3*h*n'],
  ['ReduceSum', (g, s) => g.op('ReduceSum', [s]), 'h+n+3'],
  ['Equal, decided', (g, s) => g.op('Equal', [s, g.constant([-1, 3, -1])]), '0,1,0'],
  ['Where', (g, s) => g.op('Where', [g.op('Equal', [s, g.constant(-1)]), g.constant([9, 9, 9]), s]), 'n,3,h'],
  ['Where on a known mask', (g, s) => g.op('Where', [g.constant([1, 0, 0], 'bool'), g.constant(7), s]), '7,3,h'],
  ['ConstantOfShape', (g) => g.op('ConstantOfShape', [g.constant([2])], {}), '0,0'],
  ['Range', (g, s) => g.op('Range', [g.op('Gather', [s, g.constant(1)]), g.constant(9), g.constant(2)]), '3,5,7'],
  ['Expand', (g, s) => g.op('Expand', [g.op('Gather', [s, g.constant([0])]), g.constant([3])]), 'n,n,n'],
  ['Tile', (g, s) => g.op('Tile', [s, g.constant([2])]), 'n,3,h,n,3,h'],
  ['Split', (g, s) => g.ops('Split', [s, g.constant([1, 2])], {}, { outputs: 2 })[1]!, '3,h'],
  [
    'Reshape and Transpose',
    (g, s) => g.op('Reshape', [g.op('Transpose', [pairs(g, s)]), g.constant([-1])]),
    'n,n,3,3,h,h',
  ],
  ['Pad', (g, s) => g.op('Pad', [s, g.constant([1, 0]), g.constant(5)]), '5,n,3,h'],
  ['Identity, Abs, Relu, Floor', (g, s) => ['Identity', 'Abs', 'Relu'].reduce((v, op) => g.op(op, [v]), s), 'n,3,h'],
  ['floor of floats', (g, s) => halved(g, s), '?,1,?'],
  ['Clip', (g) => g.op('Clip', [g.constant([1, 5, 9]), g.constant(2), g.constant(6)]), '2,5,6'],
  ['And, Or, Xor, Not', (g) => logic(g), '0,1'],
  ['ScatterElements is not followed', (g, s) => g.op('ScatterElements', [s, g.constant([0]), g.constant([1])]), 'none'],
];

/** [[n, n], [3, 3], [h, h]] */
function pairs(g: GraphBuilder, shape: Value): Value {
  const column = g.op('Unsqueeze', [shape, g.constant([1])]);
  return g.op('Transpose', [g.op('Concat', [column, column], { axis: 1 })], { perm: [1, 0] });
}

function halved(g: GraphBuilder, shape: Value): Value {
  const half = g.op('Mul', [g.op('Cast', [shape], { to: 1 }), g.constant(0.5, 'float32')]);
  return g.op('Cast', [g.op('Floor', [half])], { to: 7 });
}

function logic(g: GraphBuilder): Value {
  const [a, b] = [g.constant([1, 0], 'bool'), g.constant([1, 1], 'bool')];
  return g.op('Not', [g.op('Xor', [g.op('And', [a, b]), g.op('Xor', [b, g.op('Or', [b, a])])])]);
}

test.each(cases)('%s', (_, build, expected) => {
  expect(contents(build)).toBe(expected);
});

test('a shape made of another one resolves late', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 12, 'h']);
  const shape = g.op('Shape', [x]);
  const [batch, rest] = [g.op('Gather', [shape, g.constant([0])]), g.op('Gather', [shape, g.constant([2])])];
  const y = g.op('Reshape', [x, g.op('Concat', [batch, g.constant([3, -1]), rest], { axis: 0 })]);
  const types = inferTypes(g.output(y).model(), { strict: true });
  expect(String(types.shapeOf(y))).toBe('n,3,4,h');
  expect(types.shapeOf(y)?.map((dim) => bindDim(dim, { n: 2, h: 5 }))).toEqual([2, 3, 4, 5]);
});

test('contents that do not fit their type are unknown', () => {
  const g = new GraphBuilder('net');
  const big = g.op('Cast', [g.constant([300, 7])], { to: 2 });
  const wide = g.op('Mul', [g.constant([2 ** 40]), g.constant([2 ** 40])]);
  const types = inferTypes(g.output(big).output(wide).model());
  expect(types.dataOf(big)).toEqual([undefined, 7]);
  expect(types.dataOf(wide)).toBeUndefined();
});

test('weights are not followed', () => {
  const g = new GraphBuilder('net');
  const w = g.weight('w', [512], new Float32Array(512));
  const y = g.op('Neg', [w]);
  const types = inferTypes(g.output(y).model());
  expect([types.dataOf(w), types.dataOf(y)]).toEqual([undefined, undefined]);
});
