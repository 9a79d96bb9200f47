import { Graph, GraphBuilder, type Model, Model as ModelClass, Tensor } from '@gossamer/graph';
import { operatorTypes } from '@gossamer/kernels';
import { Session } from '../../session/session.js';
import { compileModel } from '../compile-model.js';

/** y = f(x) for a function of one's own, called twice, once inside another function. */
function caller(gate: 'Sigmoid' | 'Tanh'): Model {
  const inner = new Graph('inner');
  const x = inner.addInput('renamed');
  const g = inner.add({ op: gate, inputs: [x], outputs: ['gate'] }).output;
  inner.addOutput(inner.add({ op: 'Mul', inputs: [x, g], outputs: ['product'] }).output);
  const outer = new Graph('outer');
  const z = outer.addInput('z');
  const called = outer.add({ op: 'Swish', domain: 'mine', inputs: [z], outputs: ['called'] }).output;
  outer.addOutput(outer.add({ op: 'Neg', inputs: [called], outputs: ['negated'] }).output);
  const opsets = new Map([
    ['', 21],
    ['mine', 1],
  ]);
  const define = (name: string, body: Graph) => ({
    domain: 'mine',
    name,
    overload: '',
    body,
    opsets,
    origin: undefined,
  });
  const builder = new GraphBuilder('net', { opset: 21, domains: { mine: 1 } });
  const input = builder.input('x', 'float32', ['n']);
  const first = builder.op('Swish', [input], {}, { domain: 'mine' });
  builder.output(builder.op('Both', [first], {}, { domain: 'mine' }), 'y', 'float32', ['n']);
  const { graph, irVersion } = builder.model();
  return new ModelClass({ irVersion, opsets, graph, functions: [define('Swish', inner), define('Both', outer)] });
}

const operatorsOf = (model: Model) =>
  [...compileModel(model, { capabilities: { operators: operatorTypes() } }).model.graph.nodes()].map(({ op }) => op);

test('a function whose body is a registered one is one operator, whatever its names', () => {
  expect(operatorsOf(caller('Sigmoid'))).toEqual(['Activate', 'Activate', 'Neg']);
});

test('a function whose body is another is inlined', () => {
  expect(operatorsOf(caller('Tanh'))).toEqual(['Tanh', 'Mul', 'Tanh', 'Mul', 'Neg']);
});

test.each(['Sigmoid', 'Tanh'] as const)(
  'a model of functions with %s computes what ONNX Runtime does',
  async (gate) => {
    const feeds = { x: Tensor.fromNumbers('float32', [5], [-3, -0.5, 0, 0.25, 4]) };
    const [native, ort] = [await Session.open(caller(gate), { engine: 'native' }), await Session.open(caller(gate))];
    const [found, expected] = [(await native.run(feeds))['y']!, (await ort.run(feeds))['y']!];
    // Two functions of a few roundings each, of values below 4.
    found.toFloat32().forEach((value, i) => expect(Math.abs(value - expected.toFloat32()[i]!)).toBeLessThan(2e-6));
    await native.dispose();
    await ort.dispose();
  },
);
