import type { DataSource } from '@gossamer/runtime';
import { explain as explainGraph, type ExplainOptions, type Explanation } from '@gossamer/quantize';
import { type ModelInput, toModel } from './onnx-model.js';

export type { ExplainOptions, Explanation };

/** Says of each layer of a quantized model what it lost, why, and what helps; `data` are samples of the kind it was calibrated on. */
export async function explain(
  model: ModelInput,
  quantized: ModelInput,
  data: DataSource,
  options: ExplainOptions = {},
): Promise<Explanation> {
  const [float, changed] = [await toModel(model), await toModel(quantized)];
  return explainGraph(float.ir, changed.ir, data, options);
}
