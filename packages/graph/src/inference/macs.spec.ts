import { GraphBuilder } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { countMacs, inferTypes } from './index.js';

const floats = (g: GraphBuilder, ...dims: number[]) => {
  return g.weight('w', dims, new Float32Array(dims.reduce((product, dim) => product * dim, 1)));
};

function macsOf(build: (g: GraphBuilder) => Value) {
  const g = new GraphBuilder('net', { domains: { 'com.microsoft': 1 } });
  const model = g.output(build(g)).model();
  return countMacs(model, inferTypes(model, { strict: true }));
}

const domain = { domain: 'com.microsoft' };
const input = (g: GraphBuilder, ...shape: (number | string)[]) => g.input('x', 'float32', shape);

const cases: readonly [string, (g: GraphBuilder) => Value, number][] = [
  [
    'Conv',
    (g) => g.op('Conv', [input(g, 1, 4, 8, 8), floats(g, 6, 2, 3, 3)], { group: 2, pads: [1, 1, 1, 1] }),
    6 * 64 * 18,
  ],
  [
    'ConvTranspose',
    (g) => g.op('ConvTranspose', [input(g, 1, 4, 8), floats(g, 4, 3, 2)], { strides: [2] }),
    4 * 8 * 3 * 2,
  ],
  ['MatMul', (g) => g.op('MatMul', [input(g, 2, 5, 3), floats(g, 3, 4)]), 2 * 5 * 3 * 4],
  ['Gemm', (g) => g.op('Gemm', [input(g, 3, 5), floats(g, 4, 3)], { transA: 1, transB: 1 }), 5 * 3 * 4],
  [
    'LSTM',
    (g) => g.op('LSTM', [input(g, 7, 2, 3), floats(g, 1, 16, 3), floats(g, 1, 16, 4)], { hidden_size: 4 }),
    14 * (48 + 64),
  ],
  [
    'FusedMatMul',
    (g) => g.op('FusedMatMul', [input(g, 2, 3, 4), floats(g, 2, 3, 5)], { transA: 1 }, domain),
    2 * 4 * 3 * 5,
  ],
  [
    'MatMulNBits',
    (g) => {
      const packed = g.graph.addInitializer('b', Tensor.of('uint8', [4, 1, 16], new Uint8Array(64)));
      return g.op('MatMulNBits', [input(g, 5, 32), packed, floats(g, 4)], { K: 32, N: 4, block_size: 32 }, domain);
    },
    5 * 32 * 4,
  ],
];

test.each(cases)('%s', (_, build, expected) => {
  expect(macsOf(build)).toMatchObject({ total: expected, known: expected, assumedOne: [], unknown: [] });
});

test('open sizes count as 1, and are named', () => {
  const count = macsOf((g) => g.op('MatMul', [input(g, 'n', 's', 3), floats(g, 3, 4)]));
  expect(count).toMatchObject({ total: 12, assumedOne: ['n', 's'] });
  const [layer] = count.perLayer.values();
  expect(layer).toMatchObject({ op: 'MatMul', macs: 12 });
  expect(String(layer?.symbolic)).toBe('12*n*s');
});

test('a layer that cannot run at size 1, or of unknown shape, leaves the total open', () => {
  const count = macsOf((g) => g.op('Conv', [input(g, 1, 2, 'samples'), floats(g, 3, 2, 16)]));
  expect(count).toMatchObject({ total: undefined, known: 0, unknown: ['conv_out'], assumedOne: ['samples'] });
  const opaque = macsOf((g) => g.op('MatMul', [g.op('Mystery', [input(g, 3)], {}, domain), floats(g, 3, 4)]));
  expect(opaque).toMatchObject({ total: undefined, unknown: ['matmul_out'] });
});

test('of an If the larger branch counts, or the one taken; a Loop body as often as it runs', () => {
  const branch = (x: Value, width: number) => {
    const g = new GraphBuilder('branch');
    g.graph.addOutput(g.op('MatMul', [x, floats(g, 3, width)]));
    return attribute.graph(g.graph);
  };
  const choose = (condition: (g: GraphBuilder) => Value) =>
    macsOf((g) => {
      const x = input(g, 2, 3);
      return g.op('If', [condition(g)], { then_branch: branch(x, 4), else_branch: branch(x, 5) });
    });
  expect(choose((g) => g.input('c', 'bool', [])).total).toBe(30);
  expect(choose((g) => g.constant(1, 'bool')).total).toBe(24);

  const body = new Graph('body');
  const [, go, state] = ['i', 'go', 's'].map((name) => body.addInput(name));
  const w = body.addInitializer('w', Tensor.of('float32', [3, 3], new Float32Array(9)));
  const next = body.add({ op: 'MatMul', inputs: [state, w], outputs: ['next'] }).output;
  body.addOutput(body.add({ op: 'Identity', inputs: [go], outputs: ['again'] }).output);
  body.addOutput(next);
  const loop = macsOf((g) => g.op('Loop', [g.constant(7), undefined, input(g, 2, 3)], { body: attribute.graph(body) }));
  expect(loop.total).toBe(7 * 18);
});

test('a model that multiplies nothing has none', () => {
  expect(macsOf((g) => g.op('Relu', [input(g, 'n')]))).toMatchObject({ total: 0, assumedOne: [] });
});

test('a function body counts at each call', () => {
  const body = new Graph('linear');
  const x = body.addInput('x');
  const w = body.addInput('w');
  body.addOutput(body.add({ op: 'MatMul', name: 'product', inputs: [x, w], outputs: ['y'] }).output);
  const graph = new Graph('main');
  const [a, b] = ['a', 'b'].map((name) => graph.addInput(name, tensorType('float32', [4, 4])));
  for (const name of ['one', 'two']) {
    graph.add({ op: 'linear', domain: 'local', name, inputs: [a, b], outputs: [`${name}_out`] });
  }
  const opsets = new Map([
    ['', 17],
    ['local', 1],
  ]);
  const linear = { domain: 'local', name: 'linear', overload: '', body, opsets, origin: undefined };
  const model = new Model({ irVersion: 9, opsets, graph, functions: [linear] });
  const count = countMacs(model, inferTypes(model, { strict: true }));
  expect(count.total).toBe(2 * 64);
  expect([...count.perLayer.keys()]).toEqual(['one/product', 'two/product']);
});

test('what the branch not taken does not know is not missed', () => {
  const branch = (x: Value, ok: boolean) => {
    const g = new GraphBuilder('branch');
    g.graph.addOutput(g.op('MatMul', [x, floats(g, ok ? 3 : 7, 5)]));
    return attribute.graph(g.graph);
  };
  const g = new GraphBuilder('net');
  const x = input(g, 2, 3);
  const test = g.constant(1, 'bool');
  const y = g.op('If', [test], { then_branch: branch(x, true), else_branch: branch(x, false) });
  const model = g.output(y).model();
  expect(countMacs(model, inferTypes(model))).toMatchObject({ total: 30, unknown: [] });
});

test('layers without known shapes may be many', () => {
  const graph = new Graph('main');
  const x = graph.addInput('x');
  const body = new Graph('body');
  for (let i = 0; i < 150_000; i++) body.add({ op: 'MatMul', inputs: [x, x], outputs: ['y'] });
  body.addOutput(body.add({ op: 'Neg', inputs: [x], outputs: ['out'] }).output);
  const condition = graph.addInitializer('c', Tensor.scalar('bool', 1));
  const attributes = { then_branch: attribute.graph(body) };
  graph.add({ op: 'If', inputs: [condition], outputs: ['z'], attributes });
  const model = new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph });
  expect(countMacs(model, inferTypes(model)).unknown).toHaveLength(150_000);
});
