import { Attribute, attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { applyPasses, checkModel } from './testing/check-pass.js';
import { expectEqualBits } from './testing/compare.js';
import { runOnce } from './testing/ort-session.js';
import { randomTensor } from './testing/random.js';
import { upgradeOpset } from './upgrade/upgrade-opset.js';

const opsets = new Map([
  ['', 13],
  ['own', 1],
]);

/** Block(x; slope = 0.25, offset): what passes rewrite, with attributes that each call gives anew. */
function block() {
  const body = new Graph('Block');
  const make = (op: string, inputs: readonly Value[], attributes = {}) =>
    body.add({ op, inputs, outputs: [op], attributes }).output;
  const constant = (values: readonly number[]) =>
    make('Constant', [], { value: attribute.tensor(Tensor.fromNumbers('float32', [values.length], values)) });
  const x = body.addInput('x');
  const bend = (value: Value) => make('LeakyRelu', [value], { alpha: { type: 'reference', refName: 'slope' } });
  const folded = make('Add', [constant([1, 2]), constant([3, 4])]);
  const twice = make('Add', [bend(x), bend(make('Identity', [x]))]);
  const shifted = make('Add', [twice, make('Constant', [], { value_float: { type: 'reference', refName: 'offset' } })]);
  body.addOutput(make('Mul', [make('Dropout', [shifted]), folded]));
  const defaults = new Map([['slope', new Attribute('slope', attribute.float(0.25))]]);
  return {
    domain: 'own',
    name: 'Block',
    overload: '',
    body,
    opsets,
    attributes: ['offset'],
    defaults,
    origin: undefined,
  };
}

function calling(): Model {
  const graph = new Graph('main');
  let value = graph.addInput('x', tensorType('float32', [2]));
  for (const attributes of [
    { offset: attribute.float(1) },
    { offset: attribute.float(-2), slope: attribute.float(0.5) },
  ]) {
    value = graph.add({ op: 'Block', domain: 'own', inputs: [value], outputs: ['y'], attributes }).output;
  }
  graph.setType(value, tensorType('float32', [2]));
  graph.addOutput(value);
  return parseModel(serializeModel(new Model({ irVersion: 10, opsets, graph, functions: [block()] })));
}

const feeds = { x: randomTensor([2], 1) };

test('bodies are rewritten for all calls, what their attributes decide stays', async () => {
  const model = calling();
  const { model: result } = applyPasses(model, 'default');
  const body = result.functions[0]!.body;
  expect([...body.nodes()].map((node) => node.op).sort()).toEqual([
    'Add',
    'Add',
    'Constant',
    'Constant',
    'LeakyRelu',
    'Mul',
  ]);
  expect([...body.initializers()]).toEqual([]);
  expectEqualBits(await runOnce(result, feeds), await runOnce(model, feeds));
});

test('bodies rise with the opset of their model', async () => {
  const model = calling();
  const raised = upgradeOpset(model, 21);
  checkModel(raised);
  expect(raised.functions[0]!.opsets.get('')).toBe(21);
  expect(raised.functions[0]!.defaults!.has('slope')).toBe(true);
  expectEqualBits(await runOnce(raised, feeds), await runOnce(model, feeds));
});
