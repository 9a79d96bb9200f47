import {
  quantize as quantizeGraph,
  type QuantizeOptions as GraphOptions,
  type QuantizeReport,
} from '@gossamer/quantize';
import { type ModelInput, OnnxModel, toModel } from './onnx-model.js';

export type { LayerRule } from '@gossamer/quantize';
export type QuantizeOptions = GraphOptions;

/** Layers whose integer kernels the gate counts. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'LSTM']);

export interface QuantizeResult {
  /** The quantized model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  /** What was done to each layer, and why. */
  readonly report: QuantizeReport;
}

/** Quantizes a model: static int8, dynamic int8, or weight-only 8 and 4 bit. The input never changes. */
export async function quantize(input: ModelInput, options: QuantizeOptions = {}): Promise<QuantizeResult> {
  const source = await toModel(input);
  const { model, report } = await quantizeGraph(source.ir, options);
  const products = report.layers.filter(({ op, action }) => action === 'quantized' && PRODUCTS.has(op));
  const scheme = { integerProducts: products.length, isCalibrated: report.mode === 'static' };
  return { model: new OnnxModel(model, source, scheme), report };
}
