import { weightViews } from '@gossamer/graph';
import {
  quantize as quantizeGraph,
  type QuantizeOptions as GraphOptions,
  type QuantizeReport,
} from '@gossamer/quantize';
import { constantTensors } from './constant-tensors.js';
import { convert } from './convert.js';
import { type ModelInput, OnnxModel, toModel } from './onnx-model.js';

export type { LayerRule } from '@gossamer/quantize';
export type QuantizeOptions = GraphOptions;

/** Layers whose integer kernels the gate counts. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'LSTM']);

export interface QuantizeResult {
  /** The quantized model; `save` proves it in ONNX Runtime before it is written. */
  readonly model: OnnxModel;
  /** The float model behind `equalize`: what `explain` compares with (with `optimize` false). Missing without it. */
  readonly equalized?: OnnxModel;
  /** What was done to each layer, and why. */
  readonly report: QuantizeReport;
}

/**
 * Quantizes a model: static, dynamic or weight-only. Presets `fp16` and `q4f16` convert to float16 too, with ranges from `data` where that is given. The input never changes. Throws the errors of
 * `quantize` in @gossamer/quantize and of `convert`.
 */
export async function quantize(input: ModelInput, options: QuantizeOptions = {}): Promise<QuantizeResult> {
  const source = await toModel(input);
  if (options.preset === 'fp16') return halve(source, undefined, options);
  if (options.preset === 'q4f16') {
    const codes = await quantize(source, { ...withoutData(options), preset: 'q4' });
    return halve(source, codes, options);
  }
  const { model, equalized, report } = await quantizeGraph(source.ir, options);
  const products = report.layers.filter(({ op, action }) => action === 'quantized' && PRODUCTS.has(op));
  const scheme = { integerProducts: products.length, isCalibrated: report.mode === 'static' };
  const float = equalized ? { equalized: new OnnxModel(equalized, source) } : {};
  return { model: new OnnxModel(model, source, scheme), ...float, report };
}

/** The data of the preset are for the ranges of float16, unless an algorithm wants them. */
function withoutData({ data, ...rest }: QuantizeOptions): QuantizeOptions {
  return data && rest.algorithm !== undefined ? { ...rest, data } : rest;
}

/** float16 for all that is no code: what `convert` makes, reported as a quantization. */
async function halve(
  source: OnnxModel,
  codes: QuantizeResult | undefined,
  { preset, data, threads, signal, onProgress }: QuantizeOptions,
): Promise<QuantizeResult> {
  const half = await convert(codes?.model ?? source, {
    float16: true,
    ...(data ? { data } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const kept = half.kept.map(({ name, op, reason }) => {
    return { name, op, action: 'left-float' as const, reason: `float32: ${reason}`, bytes: { before: 0, after: 0 } };
  });
  const [before, after] = [byteLength(source.ir), byteLength(half.model.ir)];
  return {
    model: new OnnxModel(half.model.ir, source, codes?.model.scheme),
    report: {
      mode: preset!,
      layers: [...(codes?.report.layers ?? halved(source, kept)), ...kept],
      warnings: [...(codes?.report.warnings ?? []), ...half.warnings],
      bytes: { before, after, ratio: after > 0 ? before / after : 1 },
      samples: codes?.report.samples ?? 0,
    },
  };
}

/** Layers that compute in float16 now: those with weights that were not kept. */
function halved({ ir }: OnnxModel, kept: readonly { name: string }[]): QuantizeReport['layers'] {
  const others = new Set(kept.map(({ name }) => name));
  const layers = new Map<string, { op: string; before: number }>();
  for (const { layerId, op, stored } of weightViews(ir)) {
    if (others.has(layerId)) continue;
    layers.set(layerId, { op, before: (layers.get(layerId)?.before ?? 0) + stored.byteLength });
  }
  return Array.from(layers, ([name, { op, before }]) => {
    return {
      name,
      op,
      action: 'weight-only',
      reason: 'float16, stored and computed',
      bytes: { before, after: before / 2 },
    };
  });
}

/** Of all constant tensors. */
function byteLength(model: OnnxModel['ir']): number {
  return [...constantTensors(model)].reduce((sum, tensor) => sum + tensor.byteLength, 0);
}
