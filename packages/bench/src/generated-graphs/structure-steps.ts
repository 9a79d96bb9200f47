import { attribute, Graph, type Node, Tensor, tensorType, type Value } from '@gossamer/graph';
import { type Bounded, type Bounds, productBounds, sumBounds } from './bounded.js';
import type { Net, Step } from './net.js';

/** x·a + b in a graph of its own, with two constants there: half of them in a way that folds. */
function affine(net: Net, graph: Graph, x: Value): Value {
  const scalar = (value: number) => {
    const tensor = Tensor.scalar('float32', value);
    if (net.random.integer(2) === 0)
      return graph.add({ op: 'Constant', inputs: [], attributes: { value: attribute.tensor(tensor) }, outputs: ['c'] })
        .output;
    return graph.addInitializer('c', tensor);
  };
  const product = graph.add({
    op: 'Mul',
    inputs: [x, scalar(net.random.between(0.5, 1))],
    outputs: ['product'],
  }).output;
  const copy = graph.add({ op: 'Identity', inputs: [product], outputs: ['copy'] }).output;
  return graph.add({ op: 'Add', inputs: [copy, scalar(net.random.between(-1, 1))], outputs: ['sum'] }).output;
}

const AFFINE: Bounds = { magnitude: 1, error: 0 };

const affineBounds = (x: Bounds): Bounds => sumBounds(productBounds(x, AFFINE), AFFINE);

function body(node: Node, name: string): Graph {
  return new Graph(name, { node, attribute: name, index: 0 });
}

/** A choice between two bodies that read a value of the outer graph; by a constant, or by the size of the batch. */
const conditional: Step = (net, x) => {
  const batch = net.op('Gather', [net.op('Shape', [x.value]), net.integers([0])], { axis: 0 });
  const isLarge = () => net.op('Greater', [net.op('Cast', [batch], { to: 1 }), net.scalar(2).value]);
  const condition =
    net.random.integer(2) === 0 ? net.g.constant(net.random.integer(2), 'bool') : net.op('Squeeze', [isLarge()]);
  const value = net.op('If', [condition]);
  const node = value.producer!;
  for (const name of ['then_branch', 'else_branch']) {
    const graph = body(node, name);
    const output = affine(net, graph, x.value);
    graph.setType(output, tensorType('float32'));
    graph.addOutput(output);
    net.g.graph.setAttribute(node, name, attribute.graph(graph));
  }
  return { value, dims: x.dims, ...affineBounds(x) };
};

/** Three rounds of a body that carries one value and reads another of the outer graph. */
const loop: Step = (net, x) => {
  const rounds = 3;
  const value = net.op('Loop', [net.g.constant(rounds), net.g.constant(1, 'bool'), x.value]);
  const node = value.producer!;
  const graph = body(node, 'body');
  graph.addInput('i', tensorType('int64', []));
  const going = graph.addInput('going', tensorType('bool', []));
  const carried = graph.addInput('carried', tensorType('float32'));
  const on = graph.add({ op: 'Identity', inputs: [going], outputs: ['on'] }).output;
  const next = affine(net, graph, carried);
  graph.setType(on, tensorType('bool', []));
  graph.setType(next, tensorType('float32'));
  graph.addOutput(on);
  graph.addOutput(next);
  net.g.graph.setAttribute(node, 'body', attribute.graph(graph));
  let bounds: Bounds = x;
  for (let round = 0; round < rounds; round++) bounds = affineBounds(bounds);
  return { value, dims: x.dims, ...bounds };
};

/** A call of the model's own function (see `localFunction`). */
const call: Step = (net, x): Bounded => {
  const value = net.g.op('Bend', [x.value], {}, { domain: 'own' });
  return { value, dims: x.dims, ...affineBounds(x) };
};

/** The body of own::Bend: x·0.5 + 0.25 behind an Identity. */
export function localFunction(opset: number) {
  const graph = new Graph('Bend');
  const x = graph.addInput('x');
  const scalar = (value: number) =>
    graph.add({
      op: 'Constant',
      inputs: [],
      attributes: { value: attribute.tensor(Tensor.scalar('float32', value)) },
      outputs: ['c'],
    }).output;
  const copy = graph.add({ op: 'Identity', inputs: [x], outputs: ['copy'] }).output;
  const product = graph.add({ op: 'Mul', inputs: [copy, scalar(0.5)], outputs: ['product'] }).output;
  graph.addOutput(graph.add({ op: 'Add', inputs: [product, scalar(0.25)], outputs: ['sum'] }).output);
  return { domain: 'own', name: 'Bend', overload: '', body: graph, opsets: new Map([['', opset]]), origin: undefined };
}

/** Steps with bodies: If, Loop, a function. */
export const structureSteps: readonly Step[] = [conditional, loop, call];
