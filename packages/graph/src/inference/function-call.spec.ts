import { Attribute } from '../ir/attribute.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { type FunctionDefinition, Model } from '../ir/model.js';
import { tensorType } from '../ir/value-type.js';
import { inferTypes, spellType } from './index.js';

const opsets = new Map([
  ['', 17],
  ['local', 1],
]);

function define(name: string, body: Graph): FunctionDefinition {
  return { domain: 'local', name, overload: '', body, opsets, origin: undefined };
}

/** f(x) = Transpose(x, perm), perm being an attribute of the call. */
function transposing(): FunctionDefinition {
  const body = new Graph('transposing');
  const x = body.addInput('x');
  const node = body.add({ op: 'Transpose', inputs: [x], outputs: ['y'] });
  body.setAttribute(node, 'perm', new Attribute('perm', { type: 'reference', refName: 'order' }));
  body.addOutput(node.output);
  return define('transposing', body);
}

function callTwice(definition: FunctionDefinition, orders: readonly (readonly number[])[]) {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [2, 3, 4]));
  const results = orders.map((order) => {
    const attributes = { order: attribute.ints(order) };
    return graph.add({ op: definition.name, domain: 'local', inputs: [x], outputs: ['y'], attributes }).output;
  });
  const model = new Model({ irVersion: 9, opsets, graph, functions: [definition] });
  const types = inferTypes(model, { strict: true });
  const inner = definition.body.outputs[0]!;
  return [...results, inner].map((value) => spellType(types.typeOf(value)));
}

describe('a model-local function', () => {
  it('is analysed at each call, with the attributes of that call', () => {
    const types = callTwice(transposing(), [
      [2, 1, 0],
      [0, 2, 1],
    ]);
    expect(types).toEqual(['float32[4,3,2]', 'float32[2,4,3]', 'float32[?,?,?]']);
  });

  it('has in its body what all calls agree on', () => {
    expect(callTwice(transposing(), [[2, 1, 0]])[1]).toBe('float32[4,3,2]');
    expect(
      callTwice(transposing(), [
        [1, 2, 0],
        [2, 1, 0],
      ])[2],
    ).toBe('float32[?,?,2]');
  });

  it('falls back to the operator default for an attribute the call does not give', () => {
    const definition = transposing();
    const graph = new Graph('main');
    const x = graph.addInput('x', tensorType('float32', [2, 3]));
    const y = graph.add({ op: 'transposing', domain: 'local', inputs: [x], outputs: ['y'] }).output;
    const types = inferTypes(new Model({ irVersion: 9, opsets, graph, functions: [definition] }));
    expect(types.staticShapeOf(y)).toEqual([3, 2]);
  });

  it('that calls itself is a warning', () => {
    const body = new Graph('endless');
    const x = body.addInput('x');
    body.addOutput(body.add({ op: 'endless', domain: 'local', inputs: [x], outputs: ['y'] }).output);
    const graph = new Graph('main');
    const input = graph.addInput('x', tensorType('float32', [2]));
    graph.add({ op: 'endless', domain: 'local', inputs: [input], outputs: ['y'] });
    const model = new Model({ irVersion: 9, opsets, graph, functions: [define('endless', body)] });
    expect(inferTypes(model).warnings).toEqual(['node y: expected functions that do not call themselves']);
  });

  it('that doubles its calls at every level takes bounded time', () => {
    const functions = [transposing()];
    for (let level = 0; level < 40; level++) {
      const body = new Graph(`level${level}`);
      let value = body.addInput('x');
      const op = level === 0 ? 'transposing' : `level${level - 1}`;
      for (const output of ['a', 'b']) {
        value = body.add({ op, domain: 'local', inputs: [value], outputs: [output] }).output;
      }
      body.addOutput(value);
      functions.push(define(`level${level}`, body));
    }
    const graph = new Graph('main');
    const x = graph.addInput('x', tensorType('float32', [2]));
    graph.add({ op: 'level39', domain: 'local', inputs: [x], outputs: ['y'] });
    const { warnings } = inferTypes(new Model({ irVersion: 9, opsets, graph, functions }));
    expect(warnings).toEqual([
      'model: expected bodies that can be analysed in bounded time, received too many nested loops or calls',
    ]);
  });
});
