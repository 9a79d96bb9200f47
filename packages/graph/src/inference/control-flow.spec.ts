import { GraphBuilder } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { inferTypes, spellType } from './index.js';

/** A body with the given inputs, whose outputs `build` returns. */
function body(inputs: readonly string[], build: (g: GraphBuilder, inputs: Value[]) => Value[]) {
  const g = new GraphBuilder('body');
  const values = inputs.map((name) => g.graph.addInput(name));
  for (const value of build(g, values)) g.graph.addOutput(value);
  return attribute.graph(g.graph);
}

describe('If', () => {
  const choose = (thenOp: (g: GraphBuilder, x: Value) => Value, condition?: number) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 1, 4]);
    const test = condition === undefined ? g.input('c', 'bool', []) : g.constant(condition, 'bool');
    const y = g.op('If', [test], {
      then_branch: body([], (inner) => [thenOp(inner, x)]),
      else_branch: body([], (inner) => [inner.op('Relu', [x])]),
    });
    return { types: inferTypes(g.output(y).model()), y };
  };

  it('has what both branches have', () => {
    const same = choose((g, x) => g.op('Neg', [x]));
    expect(spellType(same.types.typeOf(same.y))).toBe('float32[n,1,4]');
    const wider = choose((g, x) => g.op('Concat', [x, x], { axis: 1 }));
    expect(spellType(wider.types.typeOf(wider.y))).toBe('float32[n,?,4]');
    const flat = choose((g, x) => g.op('Squeeze', [x, g.constant([1])]));
    expect(spellType(flat.types.typeOf(flat.y))).toBe('float32[...]');
    const cast = choose((g, x) => g.op('Cast', [x], { to: 7 }));
    expect(spellType(cast.types.typeOf(cast.y))).toBe('?[n,1,4]');
  });

  it('with a known condition has what the branch taken gives, and no warning of the other', () => {
    const impossible = (g: GraphBuilder, x: Value) => g.op('Squeeze', [x, g.constant([2])]);
    const not = choose(impossible, 0);
    expect(spellType(not.types.typeOf(not.y))).toBe('float32[n,1,4]');
    expect(not.types.warnings).toEqual([]);
    expect(choose(impossible, 1).types.warnings).toHaveLength(1);
    expect(choose(impossible).types.warnings).toHaveLength(1);
  });
});

describe('Loop', () => {
  /** Loops `step` over x [n, 4], and scans what it gives. */
  const loop = (step: (g: GraphBuilder, x: Value) => Value, count: number | undefined, stops = false) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4]);
    const trips = count === undefined ? g.input('trips', 'int64', []) : g.constant(count);
    const inner = body(['i', 'go', 'state'], (b, [i, go, state]) => {
      const next = step(b, state!);
      const go2 = stops ? b.op('Less', [i!, b.constant(3)]) : b.op('Identity', [go!]);
      return [go2, next, b.op('Relu', [state!])];
    });
    const [last, all] = g.ops('Loop', [trips, undefined, x], { body: inner }, { outputs: 2 });
    const types = inferTypes(g.output(last!).output(all!).model(), { strict: true });
    return [last!, all!].map((value) => spellType(types.typeOf(value)));
  };

  it('keeps the shape of a state that keeps it', () => {
    expect(loop((g, x) => g.op('Neg', [x]), 5)).toEqual(['float32[n,4]', 'float32[5,n,4]']);
  });

  it('makes a size unknown that changes from one iteration to the next', () => {
    const grow = (g: GraphBuilder, x: Value) => g.op('Concat', [x, x], { axis: 0 });
    expect(loop(grow, 5)).toEqual(['float32[?,4]', 'float32[5,?,4]']);
  });

  it('settles when sizes move into one another', () => {
    expect(loop((g, x) => g.op('Transpose', [x]), 5)).toEqual(['float32[?,?]', 'float32[5,?,?]']);
    expect(loop((g, x) => g.op('Unsqueeze', [x, g.constant([0])]), 5)).toEqual(['float32[...]', 'float32[...]']);
  });

  it('knows how often it runs only from a count that nothing cuts short', () => {
    expect(loop((g, x) => g.op('Neg', [x]), undefined)).toEqual(['float32[n,4]', 'float32[?,n,4]']);
    expect(loop((g, x) => g.op('Neg', [x]), 5, true)).toEqual(['float32[n,4]', 'float32[?,n,4]']);
  });

  it('nested deeply takes bounded time', () => {
    const nest = (depth: number): Graph => {
      const g = new GraphBuilder(`depth${depth}`);
      const [, go, state] = ['i', 'go', 'state'].map((name) => g.graph.addInput(`${name}${depth}`));
      const grown = g.op('Concat', [state, state], { axis: 0 });
      const result =
        depth === 0
          ? grown
          : g.op('Loop', [g.constant(2), undefined, grown], { body: attribute.graph(nest(depth - 1)) });
      g.graph.addOutput(g.op('Identity', [go]));
      g.graph.addOutput(result);
      return g.graph;
    };
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n']);
    const y = g.op('Loop', [g.constant(2), undefined, x], { body: attribute.graph(nest(24)) });
    const types = inferTypes(g.output(y).model());
    expect(types.warnings).toEqual([
      'model: expected bodies that can be analysed in bounded time, received too many nested loops or calls',
    ]);
  });
});

test('Scan splits and joins along the axes it names', () => {
  const g = new GraphBuilder('net');
  const state = g.input('state', 'float32', [4]);
  const steps = g.input('steps', 'float32', [4, 't']);
  const inner = body(['s', 'e'], (b, [s, e]) => {
    const sum = b.op('Add', [s, e]);
    return [sum, b.op('Neg', [sum])];
  });
  const attributes = { body: inner, num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [-1] };
  const [last, all] = g.ops('Scan', [state, steps], attributes, { outputs: 2 });
  const types = inferTypes(g.output(last!).output(all!).model(), { strict: true });
  expect([last!, all!].map((value) => spellType(types.typeOf(value)))).toEqual(['float32[4]', 'float32[4,t]']);
});

test('values of bodies are in the table, captured ones included', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  let inside: Value | undefined;
  const branch = () => body([], (inner) => [(inside = inner.op('Add', [x, x]))]);
  const y = g.op('If', [g.input('c', 'bool', [])], { then_branch: branch(), else_branch: branch() });
  const types = inferTypes(g.output(y).model());
  expect(spellType(types.typeOf(inside!))).toBe('float32[n,4]');
});

test('sequences and optionals carry the type of their elements', () => {
  const g = new GraphBuilder('net', { opset: 18 });
  const x = g.input('x', 'float32', ['n', 4]);
  const sequence = g.op('SequenceConstruct', [x, g.op('Relu', [x])]);
  const at = g.op('SequenceAt', [sequence, g.constant(0)]);
  const mixed = g.op('SequenceInsert', [sequence, g.op('Transpose', [x])]);
  const stacked = g.op('ConcatFromSequence', [sequence], { axis: 0, new_axis: 1 });
  const inner = g.op('OptionalGetElement', [g.op('Optional', [sequence])]);
  for (const value of [at, mixed, stacked, inner]) g.output(value);
  const types = inferTypes(g.model(), { strict: true });
  expect([at, mixed, stacked, inner].map((value) => spellType(types.typeOf(value)))).toEqual([
    'float32[n,4]',
    'sequence(float32[?,?])',
    'float32[?,n,4]',
    'sequence(float32[n,4])',
  ]);
});

test('a Loop whose condition is false from the start may not run at all', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [4]);
  const inner = body(['i', 'go'], (b, [, go]) => [b.op('Identity', [go]), b.op('Neg', [x])]);
  const all = g.op('Loop', [g.constant(3), g.constant(0, 'bool')], { body: inner });
  const types = inferTypes(g.output(all).model());
  expect(spellType(types.typeOf(all))).toBe('float32[?,4]');
});

test('a condition given as data decides', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [4]);
  const y = g.op('If', [g.input('c', 'bool', [])], {
    then_branch: body([], (inner) => [inner.op('Concat', [x, x], { axis: 0 })]),
    else_branch: body([], (inner) => [inner.op('Neg', [x])]),
  });
  const model = g.output(y).model();
  expect(inferTypes(model, { data: { c: Tensor.fromNumbers('bool', [], [1]) } }).staticShapeOf(y)).toEqual([8]);
  expect(inferTypes(model).typeOf(y)).toEqual(tensorType('float32', [undefined]));
});
