import { GraphBuilder } from '../builder.js';
import { checkGraph } from '../ir/check.js';
import { Tensor } from '../ir/tensor.js';
import { runOnce } from '../passes/testing/ort-session.js';
import { tieEmbeddings } from './tie-embeddings.js';

const [rows, width] = [6, 4];
const table = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i * 1.7));
const columns = Float32Array.from(
  { length: rows * width },
  (_, i) => table[(i % rows) * width + Math.floor(i / rows)]!,
);
const ids = Tensor.fromNumbers('int64', [3], [0, 5, 2]);

/** An embedding, and products on it. */
function network(products: (g: GraphBuilder, h: ReturnType<GraphBuilder['op']>) => ReturnType<GraphBuilder['op']>[]) {
  const g = new GraphBuilder('g');
  const h = g.op(
    'Gather',
    [g.weight('table', [rows, width], table), g.input('ids', 'int64', ['n'])],
    {},
    { name: 'embed' },
  );
  products(g, h).forEach((y, i) => g.output(y, `y${i}`));
  return g.model();
}

const bits = (outputs: Readonly<Record<string, Tensor>>) =>
  Object.entries(outputs).map(([name, tensor]) => [name, Buffer.from(tensor.bytes()).toString('hex')]);

test('a copy of the table, equal or transposed, is read from the table; outputs keep their bits', async () => {
  const model = network((g, h) => [
    g.op('MatMul', [h, g.weight('columns', [width, rows], columns)], {}, { name: 'head' }),
    g.op('Gemm', [h, g.weight('rows', [rows, width], table)], { transB: 1 }, { name: 'gemm' }),
  ]);
  const before = await runOnce(model, { ids });
  expect(tieEmbeddings(model)).toEqual([
    { layer: 'head', copy: 'columns', table: 'table', bytes: 96 },
    { layer: 'gemm', copy: 'rows', table: 'table', bytes: 96 },
  ]);
  checkGraph(model.graph);
  expect([...model.graph.initializers()].map(({ name }) => name)).toEqual(['table']);
  expect(bits(await runOnce(model, { ids }))).toEqual(bits(before));
  expect(tieEmbeddings(model)).toEqual([]);
});

test('a copy that others read as well stays for them', () => {
  const model = network((g, h) => {
    const copy = g.weight('columns', [width, rows], columns);
    return [g.op('MatMul', [h, copy], {}, { name: 'head' }), g.op('Relu', [copy])];
  });
  expect(tieEmbeddings(model)).toEqual([{ layer: 'head', copy: 'columns', table: 'table', bytes: 0 }]);
  expect(model.graph.value('columns')).toBeDefined();
});

test('one other number is another weight; so is one of another dtype, or as many numbers in another shape', () => {
  const other = columns.slice();
  other[3]! += 2 ** -20;
  const model = network((g, h) => [
    g.op('MatMul', [h, g.weight('columns', [width, rows], other)], {}, { name: 'head' }),
    g.op('MatMul', [g.op('Reshape', [h, g.constant([-1, 6])]), g.weight('reshaped', [rows, width], columns)], {}),
    g.op('MatMul', [g.op('Cast', [h], { to: 10 }), g.constant([...columns], 'float16', [width, rows])], {}),
  ]);
  expect(tieEmbeddings(model)).toEqual([]);
});

test('a square table and its transpose are told apart', async () => {
  const g = new GraphBuilder('g');
  const square = Float32Array.from({ length: 16 }, (_, i) => Math.cos(i * 2.3));
  const turned = Float32Array.from({ length: 16 }, (_, i) => square[(i % 4) * 4 + Math.floor(i / 4)]!);
  const h = g.op('Gather', [g.weight('table', [4, 4], square), g.input('ids', 'int64', ['n'])]);
  g.output(g.op('MatMul', [h, g.weight('same', [4, 4], square)], {}, { name: 'same' }), 'a');
  g.output(g.op('MatMul', [h, g.weight('turned', [4, 4], turned)], {}, { name: 'turned' }), 'b');
  const model = g.model();
  const feeds = { ids: Tensor.fromNumbers('int64', [2], [1, 3]) };
  const before = await runOnce(model, feeds);
  expect(tieEmbeddings(model).map(({ layer }) => layer)).toEqual(['turned']);
  expect(bits(await runOnce(model, feeds))).toEqual(bits(before));
});
