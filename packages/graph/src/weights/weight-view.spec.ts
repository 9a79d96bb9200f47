import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attribute } from '../ir/attribute.js';
import { checkGraph } from '../ir/check.js';
import { Graph } from '../ir/graph.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { parseModel } from '../onnx/index.js';
import { tiedWeights } from './tied-weights.js';
import { weightViews } from './weight-view.js';

const modules = join(__dirname, '../../../../node_modules');
const W = Float32Array.of(1, 2, 3, 4, 5, 6);

/** MatMul whose weight passes Constant -> Cast -> Transpose -> Reshape. */
function chained() {
  const graph = new Graph('g');
  const x = graph.addInput('x', tensorType('float32', [4, 2]));
  const constant = graph.add({
    op: 'Constant',
    inputs: [],
    outputs: ['c'],
    attributes: { value: attribute.tensor(Tensor.fromNumbers('float16', [3, 2], W)) },
  });
  const cast = graph.add({
    op: 'Cast',
    inputs: [constant.output],
    outputs: ['f'],
    attributes: { to: attribute.int(1) },
  });
  const transpose = graph.add({
    op: 'Transpose',
    inputs: [cast.output],
    outputs: ['t'],
    attributes: { perm: attribute.ints([1, 0]) },
  });
  const shape = graph.addInitializer('shape', Tensor.fromNumbers('int64', [2], [0, -1]));
  const reshape = graph.add({ op: 'Reshape', inputs: [transpose.output, shape], outputs: ['w'] });
  const product = graph.add({ op: 'MatMul', name: 'fc', inputs: [x, reshape.output], outputs: ['y'] });
  graph.addOutput(product.output);
  return graph;
}

test('a weight behind Constant, Cast, Transpose and Reshape is seen as the node sees it, and written back', () => {
  const graph = chained();
  const [view] = weightViews(graph);
  expect(view).toMatchObject({ layerId: 'fc', shape: [2, 3], outAxis: 1, inAxis: 0, role: 'weight' });
  expect(view!.toFloat32()).toEqual(Float32Array.of(1, 3, 5, 2, 4, 6));
  view!.write(Float32Array.of(10, 30, 50, 20, 40, 60));
  checkGraph(graph);
  const [again] = weightViews(graph);
  expect(again!.toFloat32()).toEqual(Float32Array.of(10, 30, 50, 20, 40, 60));
  expect(again!.stored).toMatchObject({ dtype: 'float16', dims: [3, 2] });
});

test('clone-for leaves the stored tensor to the others', () => {
  const graph = chained();
  const [view] = weightViews(graph);
  view!.write(new Float32Array(6).fill(7), 'clone-for');
  checkGraph(graph);
  expect(weightViews(graph)[0]!.toFloat32()).toEqual(new Float32Array(6).fill(7));
  expect(view!.source.constant!.toFloat32()).toEqual(W);
});

test('a tied embedding is one parameter: found also as a transposed copy; conflicting edits are an error', () => {
  const graph = new Graph('lm');
  const ids = graph.addInput('ids', tensorType('int64', [1]));
  const table = graph.addInitializer('table', Tensor.of('float32', [3, 2], W));
  const head = graph.addInitializer('head', Tensor.of('float32', [2, 3], Float32Array.of(1, 3, 5, 2, 4, 6)));
  const embedded = graph.add({ op: 'Gather', name: 'embed', inputs: [table, ids], outputs: ['e'] });
  const logits = graph.add({ op: 'MatMul', name: 'head', inputs: [embedded.output, head], outputs: ['l'] });
  const gemm = graph.add({
    op: 'Gemm',
    name: 'same',
    inputs: [embedded.output, table],
    outputs: ['m'],
    attributes: { transB: attribute.int(1) },
  });
  graph.addOutput(logits.output);
  graph.addOutput(gemm.output);
  const views = weightViews(graph);
  expect(views.map((view) => [view.layerId, view.role, view.outAxis])).toEqual([
    ['embed', 'embedding', 1],
    ['head', 'weight', 1],
    ['same', 'weight', 0],
  ]);
  expect(tiedWeights(views).map((group) => group.map((view) => view.layerId))).toEqual([['embed', 'head', 'same']]);
  views[0]!.write(new Float32Array(6));
  expect(() => views[2]!.write(W)).toThrow(expect.objectContaining({ code: 'ERR_WEIGHT_CONFLICT' }) as Error);
});

test('codes behind DequantizeLinear are read as floats and not written to', () => {
  const graph = new Graph('q');
  const x = graph.addInput('x', tensorType('float32', [1, 2]));
  const codes = graph.addInitializer('codes', Tensor.fromNumbers('int8', [2, 2], [1, -2, 3, 4]));
  const scale = graph.addInitializer('scale', Tensor.fromNumbers('float32', [2], [0.5, 2]));
  const dq = graph.add({ op: 'DequantizeLinear', inputs: [codes, scale], outputs: ['w'] });
  graph.addOutput(graph.add({ op: 'MatMul', name: 'fc', inputs: [x, dq.output], outputs: ['y'] }).output);
  const [view] = weightViews(graph);
  expect(view!.isQuantized).toBe(true);
  expect(view!.toFloat32()).toEqual(Float32Array.of(0.5, -4, 1.5, 8));
  expect(() => view!.write(W.subarray(0, 4))).toThrow(
    expect.objectContaining({ code: 'ERR_QUANTIZED_WEIGHT' }) as Error,
  );
});

test('weights of real models are found in Constant nodes, If bodies and LSTMs', () => {
  const silero = parseModel(readFileSync(join(modules, '@ricky0123/vad-web/dist/silero_vad_v5.onnx')));
  const views = weightViews(silero);
  const ops = new Map<string, number>();
  for (const view of views) ops.set(view.op, (ops.get(view.op) ?? 0) + 1);
  // Two sample rates x two LSTM nodes that share their tensors x (W, R): gates reordered by Slice and Concat.
  expect(ops.get('LSTM')).toBe(8);
  expect(ops.get('Conv')).toBeGreaterThan(8);
  expect(views.every((view) => view.node.graph.owner !== undefined)).toBe(true);
  const sources = new Set(views.map((view) => view.source));
  const bytes = [...sources].reduce((sum, source) => sum + source.constant!.byteLength, 0);
  // Nearly all of the 2.3 MB file is weights, and every one of them is reached.
  expect(bytes / 2_327_524).toBeGreaterThan(0.9);
});
