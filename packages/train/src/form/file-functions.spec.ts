import { Graph, GraphBuilder, Model } from '@gossamer/graph';
import { toTrainingForm } from './to-training-form.js';

/** y = Relu(x w), where Relu is a function of the file: the negative, in operators of `bodyOpset`. */
function redefined(bodyOpset: number): Model {
  const builder = new GraphBuilder('net', { opset: 21 });
  const product = builder.op('MatMul', [
    builder.input('x', 'float32', [2, 3]),
    builder.weight('w', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
  ]);
  builder.output(builder.op('Relu', [product]), 'y', 'float32', [2, 2]);
  const { graph, irVersion, opsets } = builder.model();
  const body = new Graph('body');
  body.addOutput(body.add({ op: 'Neg', inputs: [body.addInput('a')], outputs: ['negated'] }).output);
  const definition = {
    domain: '',
    name: 'Relu',
    overload: '',
    body,
    opsets: new Map([['', bodyOpset]]),
    origin: undefined,
  };
  return new Model({ irVersion, opsets, graph, functions: [definition] });
}

test('functions of a file are their bodies, whatever rule has their name', () => {
  const { model } = toTrainingForm(redefined(21));
  expect([...model.graph.nodes()].map(({ op }) => op)).toEqual(['MatMul', 'Neg']);
});

test('a function whose body cannot be put in its place is refused', () => {
  const refused = expect.objectContaining({
    code: 'ERR_TRAINING_FORM',
    message: expect.stringContaining('Relu') as string,
  });
  expect(() => toTrainingForm(redefined(13))).toThrow(refused as Error);
});
