import { floatData } from '../weights/float-data.js';
import { type QuantizedWeight, quantizeChannelWeight } from '../weights/quantize-channels.js';
import { scaleTensor } from '../weights/scale-tensor.js';
import type { WeightReader } from '../weights/weight-reader.js';
import { minWeightScale, minWeightScales, quantizeBias, type QuantizedBias } from './bias.js';
import type { UnitForm } from './unit-form.js';
import type { Unit } from './unit.js';

export interface UnitWeightOptions extends UnitForm {
  readonly reader: WeightReader;
}

export interface UnitWeights {
  readonly weight: QuantizedWeight;
  /** Bias of Conv and Gemm in int32; undefined where there is none (a MatMul's bias Add stays float). */
  readonly bias: QuantizedBias | undefined;
}

/**
 * Quantizes weight and bias of a Conv, Gemm or MatMul whose input has scale `inputScale`. Gemm's alpha goes into the weight's scale:
 * ONNX Runtime fuses no Gemm that has one.
 */
export async function quantizeUnitWeights(
  unit: Unit,
  inputScale: number,
  options: UnitWeightOptions,
): Promise<UnitWeights> {
  const view = unit.weight!;
  const { perAxis, reader, ...rest } = options;
  const channels = view.shape[view.outAxis]!;
  const bias = biasVector(unit, channels);
  const alpha = alphaOf(unit);
  const step = inputScale * alpha;
  const minScale = bias && (perAxis ? minWeightScales(bias, step) : minWeightScale(bias, step));
  const channelOptions = { ...rest, axis: perAxis ? view.outAxis : undefined, minScale, signal: reader.signal };
  const codes = await reader.use(view, async (data) => quantizeChannelWeight(data, view.shape, channelOptions));
  const weight = alpha === 1 ? codes : { ...codes, scale: scaleTensor(codes.scale, alpha) };
  return { weight, bias: bias && quantizeBias(bias, inputScale, weight.scale) };
}

/** What a unit's product is multiplied by; its weight's scale holds it. */
export function alphaOf({ node }: Unit): number {
  return node.op === 'Gemm' ? node.float('alpha', 1) : 1;
}

/** The bias of Conv or Gemm as one number a channel. */
export function biasVector({ weight, node }: Unit, channels: number): Float32Array | undefined {
  const constant = node.op === 'MatMul' ? undefined : weight?.bias?.constant;
  if (!constant) return undefined;
  const data = floatData(constant);
  return data.length === channels ? data : new Float32Array(channels).fill(data[0]!);
}
