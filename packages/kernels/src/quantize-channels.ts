import { type AxisView, requireView } from './axis-view.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray } from './require-array.js';
import { requireFinite } from './require-finite.js';

/** Options of `quantizeChannels`. */
export interface ChannelOptions {
  /** Codes in [-64, 64], for int8 kernels whose 16-bit sums saturate. Default: false, [-127, 127]. */
  readonly reduceRange?: boolean;
}

/** Symmetric int8 codes of a weight, zero point 0. */
export interface QuantizedChannels {
  /** In the layout of the weight. */
  readonly codes: Int8Array;
  /** One for each step of the axis: largest magnitude / 127 (or 64); 1 for a channel of zeros. */
  readonly scales: Float32Array;
}

function call(
  w: Float32Array,
  view: AxisView,
  { reduceRange = false }: ChannelOptions = {},
): NativeCall<'quantizeChannels', QuantizedChannels> {
  requireArray('w', w, 'Float32Array');
  requireView(view, 'w', w.length);
  const codes = new Int8Array(w.length);
  const scales = new Float32Array(view.axis);
  const nonFinite = new Float64Array(1);
  const quantMax = reduceRange ? 64 : 127;
  const finish = (): QuantizedChannels => {
    requireFinite('w', nonFinite);
    return { codes, scales };
  };
  const args = [w, view.outer, view.axis, view.inner, quantMax, codes, scales, nonFinite] as const;
  return { operation: 'quantizeChannels', args: [...args], finish };
}

/** Quantizes a weight to symmetric int8 with one scale for each step of the axis. Throws ERR_NOT_FINITE. */
export function quantizeChannels(w: Float32Array, view: AxisView, options?: ChannelOptions): QuantizedChannels {
  return runCall(call(w, view, options));
}

/** `quantizeChannels` on the thread pool. */
export async function quantizeChannelsAsync(
  w: Float32Array,
  view: AxisView,
  options?: ChannelOptions & AsyncOptions,
): Promise<QuantizedChannels> {
  return runCallAsync(call(w, view, options), options);
}
