import { GraphBuilder } from '../builder.js';
import { Attribute, attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { canEvaluate, evaluate, evaluateNode } from './evaluate.js';

const float = (values: readonly number[], dims = [values.length]) => Tensor.fromNumbers('float32', dims, values);

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('precision', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [2]);
  const model = g.output(g.op('Add', [x, g.constant([1e-9, 1], 'float32')]), 'y', 'float32', [2]).model();

  test('float32 rounds every result', () => {
    const { y } = evaluate(model, { x: float([1, 1]) });
    expect([y!.dtype, ...y!.toFloat64()]).toEqual(['float32', 1, 2]);
  });

  test('float64 keeps doubles, takes float64 feeds and gives float64 results', () => {
    const fed = Tensor.of('float64', [2], Float64Array.of(1, 1e-20));
    const { y } = evaluate(model, { x: fed }, { precision: 'float64' });
    expect([y!.dtype, ...y!.toFloat64()]).toEqual(['float64', 1 + Math.fround(1e-9), 1]);
  });

  test('a feed of another dtype is refused', () => {
    expect(() => evaluate(model, { x: Tensor.of('float64', [2], Float64Array.of(1, 1)) })).toThrow(
      code('ERR_EVAL_INPUT'),
    );
    expect(() => evaluate(model, {})).toThrow(code('ERR_EVAL_INPUT'));
    expect(() => evaluate(model, { z: float([1, 1]) })).toThrow(code('ERR_EVAL_INPUT'));
  });

  test('finite differences of float64 give the gradient of a float32 model', () => {
    const b = new GraphBuilder('net');
    const input = b.input('x', 'float32', [1]);
    const tanh = b.output(b.op('Tanh', [input]), 'y', 'float32', [1]).model();
    const at = (value: number) =>
      evaluate(tanh, { x: Tensor.of('float64', [1], Float64Array.of(value)) }, { precision: 'float64' })['y']!.item();
    const slope = (at(0.3 + 1e-5) - at(0.3 - 1e-5)) / 2e-5;
    // The next term of the difference is below (1e-5)^2, rounding below 2^-52 / 1e-5.
    expect(Math.abs(slope - (1 - Math.tanh(0.3) ** 2))).toBeLessThan(2e-10);
  });
});

describe('integers', () => {
  const run = (op: string, dtype: 'int64' | 'int32' | 'int8', a: bigint, b: bigint) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', dtype, []);
    const model = g.output(g.op(op, [x, g.constant(0, dtype)]), 'y', dtype, []).model();
    const node = model.graph.outputs[0]!.producer!;
    const inputs = [Tensor.scalar(dtype, a), Tensor.scalar(dtype, b)];
    return evaluateNode(node, inputs)[0]!.bytes();
  };
  const bytes = (array: BigInt64Array | Int32Array | Int8Array) => new Uint8Array(array.buffer);

  test('wrap at their width', () => {
    const top = 2n ** 63n - 1n;
    expect(run('Add', 'int64', top, 1n)).toEqual(bytes(BigInt64Array.of(-(2n ** 63n))));
    expect(run('Mul', 'int64', top, top)).toEqual(bytes(BigInt64Array.of(1n)));
    // As a double this product would lose its low bits.
    expect(run('Mul', 'int32', 123456789n, 987654321n)).toEqual(bytes(Int32Array.of(Math.imul(123456789, 987654321))));
    expect(run('Add', 'int8', 100n, 100n)).toEqual(bytes(Int8Array.of(-56)));
  });

  test('division truncates, and by zero is an error', () => {
    expect(run('Div', 'int64', -7n, 2n)).toEqual(bytes(BigInt64Array.of(-3n)));
    expect(run('Div', 'int32', -7n, 2n)).toEqual(bytes(Int32Array.of(-3)));
    for (const dtype of ['int64', 'int32'] as const) {
      expect(() => run('Div', dtype, 1n, 0n)).toThrow(code('ERR_EVAL_VALUE'));
      expect(() => run('Mod', dtype, 1n, 0n)).toThrow(code('ERR_EVAL_VALUE'));
    }
  });
});

describe('budget', () => {
  const single = (op: string, inputs: readonly Tensor[], attributes = {}) => {
    const g = new GraphBuilder('net');
    const values = inputs.map((tensor) => g.graph.addInitializer('c', tensor));
    return g.output(g.op(op, values, attributes), 'y').model();
  };

  test.each([
    ['ConstantOfShape', [Tensor.fromNumbers('int64', [2], [100_000, 100_000])]],
    ['Range', [0, 2 ** 40, 1].map((v) => Tensor.scalar('int64', v))],
    ['Expand', [float([1]), Tensor.fromNumbers('int64', [1], [2 ** 40])]],
    ['Tile', [float([1]), Tensor.fromNumbers('int64', [1], [2 ** 40])]],
    ['Pad', [float([1]), Tensor.fromNumbers('int64', [2], [0, 2 ** 40])]],
    ['OneHot', [Tensor.fromNumbers('int64', [1], [0]), Tensor.scalar('int64', 2 ** 40), float([0, 1])]],
    ['Upsample', [float([1]), float([2 ** 40])]],
    ['HannWindow', [Tensor.scalar('int64', 2 ** 40)]],
  ] as const)('%s of a hostile size is refused before it is made', (op, inputs) => {
    const started = process.cpuUsage();
    expect(() => evaluate(single(op, inputs), {}, { elements: 1e6 })).toThrow(code('ERR_EVAL_BUDGET'));
    expect(() => evaluate(single(op, inputs), {})).toThrow(code('ERR_EVAL_BUDGET'));
    const { user, system } = process.cpuUsage(started);
    expect(user + system).toBeLessThan(1e6);
  });

  test('an endless loop ends', () => {
    const body = new Graph('body');
    body.addInput('i', tensorType('int64', []));
    const condition = body.addInput('go', tensorType('bool', []));
    body.addOutput(body.add({ op: 'Identity', inputs: [condition], outputs: ['still'] }).output);
    const g = new GraphBuilder('net');
    g.graph.add({
      op: 'Loop',
      inputs: [undefined, g.constant(1, 'bool')],
      outputs: [],
      attributes: { body: attribute.graph(body) },
    });
    const node = [...g.graph.nodes()][0]!;
    const inputs = [undefined, Tensor.fromNumbers('bool', [], [1])];
    expect(() => evaluateNode(node, inputs, { elements: 1e5 })).toThrow(code('ERR_EVAL_BUDGET'));
  });
});

test('only what the chosen outputs need is computed', () => {
  const g = new GraphBuilder('net', { domains: { own: 1 } });
  const x = g.input('x', 'float32', [2]);
  const hidden = g.op('Relu', [x], {}, { name: 'relu' });
  g.output(g.op('Strange', [hidden], {}, { domain: 'own' }), 'y');
  const model = g.model();
  const results = evaluate(model, { x: float([-1, 2]) }, { outputs: [hidden.name] });
  expect([...results[hidden.name]!.toFloat64()]).toEqual([0, 2]);
  expect(() => evaluate(model, { x: float([-1, 2]) })).toThrow(code('ERR_EVAL_OP'));
  expect(() => evaluate(model, {}, { outputs: ['nothing'] })).toThrow(code('ERR_EVAL_OUTPUT'));
});

test('an input with initializer data takes the feed, else the data', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [2]);
  g.graph.setInitializer(x, float([1, 2]));
  const model = g.output(g.op('Neg', [x]), 'y').model();
  expect([...evaluate(model, {})['y']!.toFloat64()]).toEqual([-1, -2]);
  expect([...evaluate(model, { x: float([3, 4]) })['y']!.toFloat64()]).toEqual([-3, -4]);
});

test('functions: attributes of the call, absent inputs, nesting; recursion is refused', () => {
  const clip = new Graph('Bound');
  const [a, low] = [clip.addInput('a'), clip.addInput('low')];
  const scaled = clip.add({ op: 'LeakyRelu', inputs: [a], outputs: ['b'] });
  clip.setAttribute(scaled, 'alpha', new Attribute('alpha', { type: 'reference', refName: 'slope' }));
  clip.addOutput(clip.add({ op: 'Clip', inputs: [scaled.output, low], outputs: ['c'] }).output);
  const circle = new Graph('Circle');
  const again = circle.add({ op: 'Circle', domain: 'own', inputs: [circle.addInput('a')], outputs: ['b'] });
  circle.addOutput(again.output);
  const define = (name: string, body: Graph) => ({
    domain: 'own',
    name,
    overload: '',
    body,
    opsets: new Map([
      ['', 17],
      ['own', 1],
    ]),
    origin: undefined,
  });
  const functions = [define('Bound', clip), define('Circle', circle)];
  const build = (op: string, attributes = {}) => {
    const g = new GraphBuilder('net', { domains: { own: 1 } });
    const x = g.input('x', 'float32', [2]);
    return new Model({ ...g.output(g.op(op, [x], attributes, { domain: 'own' }), 'y').model(), functions });
  };
  const run = (attributes: Record<string, number>) => [
    ...evaluate(build('Bound', attributes), { x: float([-8, 2]) })['y']!.toFloat64(),
  ];
  expect(run({ slope: 0.5 })).toEqual([-4, 2]);
  expect(run({})).toEqual([Math.fround(-8 * Math.fround(0.01)), 2]);
  expect(() => evaluate(build('Circle'), { x: float([1, 2]) })).toThrow(code('ERR_EVAL_BUDGET'));
});

test('functions whose calls double at every level are refused in bounded time', () => {
  const opsets = new Map([
    ['', 17],
    ['own', 1],
  ]);
  const functions = Array.from({ length: 40 }, (_, level) => {
    const body = new Graph(`level${level}`);
    const kind = level === 0 ? { op: 'Neg' } : { op: `level${level - 1}`, domain: 'own' };
    const call = (x: Value) => body.add({ ...kind, inputs: [x], outputs: ['y'] }).output;
    body.addOutput(call(call(body.addInput('x'))));
    return { domain: 'own', name: `level${level}`, overload: '', body, opsets, origin: undefined };
  });
  const g = new GraphBuilder('net', { domains: { own: 1 } });
  const y = g.op('level39', [g.input('x', 'float32', [1])], {}, { domain: 'own' });
  const model = new Model({ ...g.output(y, 'y').model(), functions });
  expect(() => evaluate(model, { x: float([1]) })).toThrow(code('ERR_EVAL_BUDGET'));
});

test('canEvaluate looks into bodies', () => {
  const g = new GraphBuilder('net', { domains: { own: 1 } });
  const branch = (op: string, domain: string) => {
    const graph = new Graph(op);
    graph.addOutput(graph.add({ op, domain, inputs: [], outputs: [`${op}_out`] }).output);
    return attribute.graph(graph);
  };
  const condition = g.constant(1, 'bool');
  const known = { then_branch: branch('Constant', ''), else_branch: branch('Constant', '') };
  const unknown = { then_branch: branch('Constant', ''), else_branch: branch('Strange', 'own') };
  expect(canEvaluate(g.op('If', [condition], known).producer!)).toBe(true);
  expect(canEvaluate(g.op('If', [condition], unknown).producer!)).toBe(false);
  expect(canEvaluate(g.op('RandomNormal', [], { shape: [2] }).producer!)).toBe(false);
});

test('an aborted signal stops', () => {
  const g = new GraphBuilder('net');
  const model = g.output(g.op('Neg', [g.input('x', 'float32', [1])]), 'y').model();
  expect(() => evaluate(model, { x: float([1]) }, { signal: AbortSignal.abort() })).toThrow('aborted');
});
