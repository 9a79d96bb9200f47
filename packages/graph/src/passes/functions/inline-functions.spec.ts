import { evaluate } from '../../eval/evaluate.js';
import { Attribute, attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import { type FunctionDefinition, Model } from '../../ir/model.js';
import type { Value } from '../../ir/value.js';
import { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { checkModel, kinds } from '../testing/check-pass.js';
import { inlineFunctions } from './inline-functions.js';

const opsets = new Map([
  ['', 17],
  ['own', 1],
]);

/** Shift(x, by?; slope = 0.25): leaky x, plus `by` where it is given. */
function shift(): FunctionDefinition {
  const body = new Graph('Shift');
  const [x, by] = ['x', 'by'].map((name) => body.addInput(name)) as [Value, Value];
  const bent = body.add({
    op: 'LeakyRelu',
    inputs: [x],
    outputs: ['bent'],
    attributes: { alpha: { type: 'reference', refName: 'slope' } },
  }).output;
  // Clip without bounds leaves finite numbers as they are; `by` is its lower bound.
  body.addOutput(body.add({ op: 'Clip', inputs: [bent, by], outputs: ['y'] }).output);
  body.addOutput(x);
  const defaults = new Map([['slope', new Attribute('slope', attribute.float(0.25))]]);
  return { domain: 'own', name: 'Shift', overload: '', body, opsets, defaults, origin: undefined };
}

/** Twice(x): two calls of Shift. */
function twice(): FunctionDefinition {
  const body = new Graph('Twice');
  let value = body.addInput('x');
  for (let i = 0; i < 2; i++) {
    value = body.add({ op: 'Shift', domain: 'own', inputs: [value], outputs: ['y', undefined] }).output;
  }
  body.addOutput(value);
  return { domain: 'own', name: 'Twice', overload: '', body, opsets, origin: undefined };
}

function model(functionOpsets = opsets): Model {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [4]));
  const bound = graph.addInitializer('bound', Tensor.scalar('float32', -0.1));
  const attributes = { slope: attribute.float(0.5) };
  const call = graph.add({ op: 'Shift', domain: 'own', inputs: [x, bound], outputs: ['a', 'same'], attributes });
  const last = graph.add({ op: 'Twice', domain: 'own', inputs: [call.output], outputs: ['y'] });
  for (const value of [last.output, call.outputs[1]!]) {
    graph.setType(value, tensorType('float32', [4]));
    graph.addOutput(value);
  }
  const functions = [{ ...shift(), opsets: functionOpsets }, twice()];
  return new Model({ irVersion: 10, opsets, graph, functions });
}

const feeds = { x: Tensor.fromNumbers('float32', [4], [-2, -0.1, 0.5, 3]) };

test('calls, those in bodies too, become the nodes of the body', () => {
  const original = model();
  const inlined = inlineFunctions(original);
  checkModel(inlined);
  expect(inlined.functions).toEqual([]);
  expect(kinds(inlined)).toEqual([
    'LeakyRelu',
    'Clip',
    'Identity',
    'LeakyRelu',
    'Clip',
    'LeakyRelu',
    'Clip',
    'Identity',
  ]);
  expect(inlined.graph.outputs.map(({ name }) => name)).toEqual(['y', 'same']);
  const [got, want] = [evaluate(inlined, feeds), evaluate(original, feeds)];
  for (const name of ['y', 'same']) expect(got[name]!.toFloat64()).toEqual(want[name]!.toFloat64());
  expect(original.functions).toHaveLength(2);
});

test('a body of another version of an operator set stays a function', () => {
  const inlined = inlineFunctions(model(new Map([['', 16]])));
  expect(inlined.functions).toHaveLength(2);
  expect(kinds(inlined)).toContain('own::Shift');
});
