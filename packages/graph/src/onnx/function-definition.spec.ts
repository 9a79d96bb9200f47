import { evaluate } from '../eval/evaluate.js';
import { runInOrt } from '../eval/testing/ort.js';
import { inferTypes } from '../inference/index.js';
import { Attribute, attribute, type AttributeValue } from '../ir/attribute.js';
import { checkGraph } from '../ir/check.js';
import { Graph } from '../ir/graph.js';
import { type FunctionDefinition, Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { parseModel, serializeModel } from './index.js';

const opsets = new Map([
  ['', 18],
  ['own', 1],
]);

/** own.Turn(x; order = [1, 0], slope): LeakyRelu(Transpose(x)); `slope` has no default of its own. */
function turn(overload = ''): FunctionDefinition {
  const body = new Graph('Turn');
  const x = body.addInput('x');
  const turned = body.add({ op: 'Transpose', inputs: [x], outputs: ['t'] });
  body.setAttribute(turned, 'perm', { type: 'reference', refName: 'order' });
  const bent = body.add({ op: 'LeakyRelu', name: 'bend', inputs: [turned.output], outputs: ['y'] });
  body.setAttribute(bent, 'alpha', { type: 'reference', refName: 'slope' });
  body.addOutput(bent.output);
  return {
    domain: 'own',
    name: 'Turn',
    overload,
    body,
    opsets,
    attributes: ['slope'],
    defaults: new Map([['order', new Attribute('order', attribute.ints([1, 0]))]]),
    origin: undefined,
  };
}

function calling(definition: FunctionDefinition, calls: readonly Readonly<Record<string, AttributeValue>>[]): Model {
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', [2, 3]));
  for (const attributes of calls) {
    const { name: op, domain, overload } = definition;
    const { output } = graph.add({ op, domain, overload, inputs: [x], outputs: ['y'], attributes });
    graph.setType(output, tensorType('float32'));
    graph.addOutput(output);
  }
  return new Model({ irVersion: 10, opsets, graph, functions: [definition] });
}

const slope = attribute.float(0.5);
const calls = [{ slope }, { slope, order: attribute.ints([0, 1]) }];
const x = Tensor.fromNumbers('float32', [2, 3], [-1, 2, -3, 4, -5, 6]);

/** Spelled out, so that `toEqual` compares contents. */
const spell = (outputs: Readonly<Record<string, Tensor>>) =>
  Object.entries(outputs).map(([name, tensor]) => [name, [...tensor.dims], [...tensor.toFloat32()]]);

test('a function made here is written with its attributes and their defaults, and ONNX Runtime uses them', async () => {
  const model = calling(turn(), calls);
  const theirs = spell(await runInOrt(model, { x }));
  expect(theirs).toEqual([
    ['y', [3, 2], [-0.5, 4, 2, -2.5, -1.5, 6]],
    ['y_1', [2, 3], [-0.5, 2, -1.5, 4, -2.5, 6]],
  ]);
  expect(spell(evaluate(model, { x }))).toEqual(theirs);
});

test('defaults are read, cloned, inferred and evaluated', () => {
  const model = parseModel(serializeModel(calling(turn(), calls))).clone();
  const [definition] = model.functions;
  expect(definition).toMatchObject({ name: 'Turn', attributes: ['slope'] });
  expect(definition!.defaults!.get('order')!.as('ints')).toEqual([1, 0]);
  const types = inferTypes(model, { strict: true });
  expect(model.graph.outputs.map((value) => types.shapeOf(value))).toEqual([
    [3, 2],
    [2, 3],
  ]);
  expect(spell(evaluate(model, { x }))[0]).toEqual(['y', [3, 2], [-0.5, 4, 2, -2.5, -1.5, 6]]);
});

test('an edit in the body keeps names, defaults and the overload; edited names are written', () => {
  const read = parseModel(serializeModel(calling(turn('long'), calls)));
  const model = read.clone();
  const [definition] = model.functions;
  const bend = [...definition!.body.nodes()].find((node) => node.name === 'bend')!;
  definition!.body.retarget(bend, { name: 'bent' });
  definition!.body.rename(definition!.body.inputs[0]!, 'first');
  model.functions[0] = {
    ...definition!,
    defaults: new Map([['order', new Attribute('order', attribute.ints([0, 1]))]]),
  };
  const again = parseModel(serializeModel(model));
  const [written] = again.functions;
  checkGraph(written!.body);
  expect(written).toMatchObject({ overload: 'long', domain: 'own', attributes: ['slope'] });
  expect(written!.body.inputs.map(String)).toEqual(['first']);
  expect(written!.defaults!.get('order')!.as('ints')).toEqual([0, 1]);
  expect(spell(evaluate(again, { x }))[0]).toEqual(['y', [2, 3], [-0.5, 2, -1.5, 4, -2.5, 6]]);
  // Nothing of it reaches the model it was cloned from.
  expect(read.functions[0]!.defaults!.get('order')!.as('ints')).toEqual([1, 0]);
});

test('a function without defaults has none', () => {
  const { attributes, defaults, ...bare } = turn();
  expect([attributes, defaults!.size]).toEqual([['slope'], 1]);
  const [definition] = parseModel(serializeModel(calling(bare, calls))).functions;
  expect([definition!.attributes, definition!.defaults!.size]).toEqual([[], 0]);
});
