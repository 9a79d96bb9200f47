import { checkGraph, GraphBuilder, inferTypes } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { resNet20, tinyLm } from '@gossamer/graph/zoo';
import { noise } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import { removeBlocks } from './remove-blocks.js';
import { residualBlocks } from './residual-blocks.js';

test('ResNet-20: the blocks without a projection; any of them can go', async () => {
  const model = resNet20();
  const blocks = residualBlocks(model);
  expect(blocks.map(({ nodes }) => nodes.filter(({ op }) => op === 'Conv').length)).toEqual(
    new Array<number>(7).fill(2),
  );
  const smaller = removeBlocks(model, [blocks[1]!, blocks[2]!, blocks[6]!]);
  checkGraph(smaller.graph);
  expect(smaller.graph.nodeCount).toBe(model.graph.nodeCount - 3 * (blocks[1]!.nodes.length + 1));
  expect([...smaller.graph.initializers()].length).toBe([...model.graph.initializers()].length - 3 * 10);
  expect(inferTypes(smaller).warnings).toEqual([]);
  const { logits } = await runOrt(smaller, { input: noise([2, 1, 28, 28], 1) });
  expect(logits!.dims).toEqual([2, 10]);
  expect(residualBlocks(smaller)).toHaveLength(4);
});

test('a transformer: attention and feed-forward blocks one by one', () => {
  const blocks = residualBlocks(tinyLm({ layers: 2, width: 16, heads: 2, vocabulary: 20, context: 4 }));
  expect(blocks.map(({ nodes }) => nodes.some(({ op }) => op === 'Softmax'))).toEqual([true, false, true, false]);
});

test('without a block y is x, also where y is an output of the graph', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 4]);
  const y = g.op('Add', [g.op('Tanh', [g.op('Mul', [x, g.weight('w', [4], new Float32Array([1, 2, 3, 4]))])]), x]);
  const model = g.output(y, 'y', 'float32', ['n', 4]).model();
  const smaller = removeBlocks(model, residualBlocks(model));
  checkGraph(smaller.graph);
  expect([...smaller.graph.nodes()].map(({ op }) => op)).toEqual(['Identity']);
  expect([...smaller.graph.initializers()]).toEqual([]);
  expect(smaller.graph.outputs.map(({ name, type }) => [name, type])).toEqual(
    model.graph.outputs.map(({ name, type }) => [name, type]),
  );
  const feeds = { x: noise([2, 4], 1) };
  expect(evaluate(smaller, feeds)['y']!.hash()).toBe(feeds.x.hash());
});

test.each<[string, (g: GraphBuilder) => void]>([
  ['something else reads the branch', (g) => branch(g, (y) => g.output(g.op('Neg', [y]), 'other'))],
  ['the branch is an output', (g) => branch(g, (y) => g.output(y, 'inner'))],
])('no block: %s', (_, build) => {
  const g = new GraphBuilder('g');
  build(g);
  expect(residualBlocks(g.model())).toEqual([]);
});

function branch(g: GraphBuilder, use: (y: ReturnType<GraphBuilder['op']>) => void): void {
  const x = g.op('Relu', [g.input('x', 'float32', [2, 4])]);
  const y = g.op('Tanh', [x]);
  use(y);
  g.output(g.op('Add', [x, y]), 'sum');
}

test('no block: input and output of different shapes; a block of another model is refused', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [1, 4]);
  const model = g.output(g.op('Add', [x, g.op('Tanh', [g.op('Expand', [x, g.constant([3, 4])])])]), 'y').model();
  expect(residualBlocks(model)).toEqual([]);
  const [block] = residualBlocks(resNet20());
  expect(() => removeBlocks(model, [block!])).toThrow(expect.objectContaining({ code: 'ERR_PRUNE_REMOVAL' }));
});
