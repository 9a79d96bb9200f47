import { attribute, checkGraph, Graph, GraphBuilder, Model, Tensor, tensorType } from '@gossamer/graph';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, type Feeds, optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** One product of 8-bit weights; recurrences feed their error back. */
const LEAST_SQNR = 30;

const MODES: QuantizeOptions[] = [{ mode: 'dynamic' }, { mode: 'weight-only', bits: 8 }];

async function quantized(model: Model, feeds: Feeds, options: QuantizeOptions) {
  const result = await quantize(model, { optimize: false, ...options });
  checkGraph(result.model.graph);
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  for (const { name } of model.graph.outputs) {
    expect(sqnr(reference[name]!, actual[name]!)).toBeGreaterThan(LEAST_SQNR);
  }
  return result;
}

function scaled(length: number, factor: number, seed: number): Float32Array {
  return noise(length, seed).map((value) => value * factor);
}

/** One layer of kind `op` over [6, 2, 24], 32 hidden units. */
function recurrent(op: 'GRU' | 'RNN', directions: 1 | 2, attributes: Record<string, number>): Model {
  const hidden = 32;
  const rows = (op === 'GRU' ? 3 : 1) * hidden;
  const g = new GraphBuilder('g');
  const inputs = [
    g.input('x', 'float32', [6, 2, 24]),
    g.weight('w', [directions, rows, 24], scaled(directions * rows * 24, 0.3, 1)),
    g.weight('r', [directions, rows, hidden], scaled(directions * rows * hidden, 0.3, 2)),
    g.weight('b', [directions, 2 * rows], scaled(directions * 2 * rows, 0.1, 3)),
  ];
  const direction = directions === 1 ? 'forward' : 'bidirectional';
  const [y, h] = g.ops(op, inputs, { hidden_size: hidden, direction, ...attributes }, { name: 'cell', outputs: 2 });
  return g.output(y!, 'y').output(h!, 'h').model();
}

test.each(
  MODES.flatMap((options) =>
    ([1, 2] as const).flatMap((directions) => [
      ['GRU', directions, { linear_before_reset: 1 }, options] as const,
      ['GRU', directions, {}, options] as const,
      ['RNN', directions, {}, options] as const,
    ]),
  ),
)(
  'a %s of %d directions, %o, keeps float kernels and 8-bit weights in %o',
  async (op, directions, attributes, options) => {
    const model = recurrent(op, directions, attributes);
    const { report, model: result } = await quantized(model, { x: noiseTensor([6, 2, 24], 5) }, options);
    expect(report.layers).toMatchObject([{ name: 'cell', action: 'weight-only' }]);
    expect(report.bytes.ratio).toBeGreaterThan(3);
    // ONNX Runtime turns the codes into floats once, when it opens the model.
    expect(await optimizedOps(result)).toEqual({ [op]: 1 });
  },
);

test.each(MODES)('packed Q, K and V weights of com.microsoft::Attention are stored in 8 bits, %o', async (options) => {
  const g = new GraphBuilder('g', { domains: { 'com.microsoft': 1 } });
  const inputs = [
    g.input('x', 'float32', [2, 6, 32]),
    g.weight('qkv', [32, 96], scaled(32 * 96, 0.3, 1)),
    g.weight('bias', [96], scaled(96, 0.1, 2)),
  ];
  const y = g.op('Attention', inputs, { num_heads: 4 }, { domain: 'com.microsoft', name: 'attention' });
  const { report } = await quantized(g.output(y, 'y').model(), { x: noiseTensor([2, 6, 32], 5) }, options);
  expect(report.layers).toMatchObject([{ name: 'attention', action: 'weight-only' }]);
  expect(report.bytes.ratio).toBeGreaterThan(3);
});

/** state := tanh(state * a * b), five times; a is an initializer of the main graph, b a Constant node of the body. */
function loop(): Model {
  const main = new Graph('main');
  const x = main.addInput('x', tensorType('float32', [4, 64]));
  const shared = main.addInitializer('a', Tensor.of('float32', [64, 64], scaled(4096, 0.2, 1)));
  const count = main.addInitializer('count', Tensor.fromNumbers('int64', [], [5]));
  const go = main.addInitializer('go', Tensor.fromNumbers('bool', [], [1]));
  const node = main.add({ op: 'Loop', name: 'loop', inputs: [count, go, x], outputs: ['y'] });
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('i', tensorType('int64', []));
  const condition = body.addInput('condition', tensorType('bool', []));
  const state = body.addInput('state', tensorType('float32', [4, 64]));
  const data = Tensor.of('float32', [64, 64], scaled(4096, 0.2, 2));
  const own = body.add({ op: 'Constant', inputs: [], outputs: ['b'], attributes: { value: attribute.tensor(data) } });
  const first = body.add({ op: 'MatMul', name: 'first', inputs: [state, shared], outputs: ['h'] });
  const second = body.add({ op: 'MatMul', name: 'second', inputs: [first.output, own.output], outputs: ['s'] });
  const next = body.add({ op: 'Tanh', inputs: [second.output], outputs: ['next'] });
  const again = body.add({ op: 'Identity', inputs: [condition], outputs: ['again'] });
  body.addOutput(again.output);
  body.addOutput(next.output);
  main.setAttribute(node, 'body', attribute.graph(body));
  main.addOutput(node.output);
  return new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph: main });
}

test.each([...MODES, { mode: 'weight-only', bits: 8, granularity: 'perAxis' } as const])(
  'weights that a Loop body reads, its own and the main graph’s, are quantized in %o',
  async (options) => {
    const { report, model } = await quantized(loop(), { x: noiseTensor([4, 64], 5) }, options);
    const action = options.mode === 'dynamic' ? 'quantized' : 'weight-only';
    expect(report.layers).toMatchObject([
      { name: 'loop/body/first', action },
      { name: 'loop/body/second', action },
    ]);
    expect(report.bytes.ratio).toBeGreaterThan(3);
    // The codes of the shared weight stay where it was: outside the body.
    expect([...model.graph.initializers()].map(({ name }) => name)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^a_/)]),
    );
    expect([...model.graph.initializers()].map(({ name }) => name)).not.toContain('a');
    expect(countOps(model)).toMatchObject({ Loop: 1 });
  },
);
