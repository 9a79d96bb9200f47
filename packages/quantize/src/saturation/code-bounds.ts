import { roundHalfEven, type TypeTable, type Value } from '@gossamer/graph';
import type { Calibration } from '@gossamer/runtime';
import type { ActivationParams } from '../static/activation-params.js';
import type { Unit } from '../static/unit.js';
import type { UnitWeights } from '../static/unit-weights.js';
import { type CodeBounds, pairsAtRisk } from './pairs-at-risk.js';
import { pairLayout } from './pair-layout.js';

/** The axis of input channels of what Conv, Gemm and MatMul multiply; undefined where the rank is not known. */
export function inputChannelAxis({ node }: Unit, types: TypeTable): number | undefined {
  if (node.op === 'Conv' || node.op === 'Gemm') return 1;
  const rank = types.shapeOf(node.input(0)!)?.length;
  return rank === undefined || rank < 2 ? undefined : rank - 1;
}

/** Codes that each channel of `value` takes in the calibrated range, as uint8 kernels see them; without ranges of channels: any. */
export function codeBounds(value: Value, params: ActivationParams, calibration: Calibration): CodeBounds {
  const channels = calibration.statistics.get(value.name)?.channels;
  if (!channels) return { low: [0], high: [255] };
  const { scale, zeroPoint, dtype } = params;
  const shift = dtype === 'int8' ? 128 : 0;
  // Padding is a zero point.
  const code = (x: number) => Math.min(255, Math.max(0, roundHalfEven(x / scale) + zeroPoint + shift));
  return {
    low: Array.from(channels.min, (x) => code(Math.min(0, x))),
    high: Array.from(channels.max, (x) => code(Math.max(0, x))),
  };
}

/** Whether the kernels of x64 CPUs without VNNI can cut a sum of this layer off; they do so for int8 weights only. */
export function maySaturate(unit: Unit, { weight }: UnitWeights, bounds: CodeBounds): boolean {
  if (weight.codes.dtype !== 'int8') return false;
  const layout = pairLayout(unit.node, weight.codes);
  return layout !== undefined && pairsAtRisk(layout, bounds).length > 0;
}
