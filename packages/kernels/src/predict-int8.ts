import { type NativeCall, runCall } from './native-call.js';
import { requireArray, requireInteger, requireLength } from './require-array.js';

/** How the weights of an int8 layer lie: [outputs, channels, taps], or outputs last: [channels, taps, outputs]. */
export interface Int8WeightLayout {
  readonly outputs: number;
  readonly channels: number;
  readonly taps: number;
  readonly outputsLast: boolean;
}

function call(w: Int8Array, layout: Int8WeightLayout, order: Int32Array): NativeCall<'predictInt8', number> {
  const { outputs, channels, taps, outputsLast } = layout;
  requireArray('w', w, 'Int8Array');
  requireArray('order', order, 'Int32Array');
  for (const name of ['outputs', 'channels', 'taps'] as const) requireInteger(name, layout[name], 0);
  requireLength('w', w, outputs * channels * taps);
  if (order.length > 0) requireLength('order', order, channels);
  const cost = new Float64Array(1);
  return {
    operation: 'predictInt8',
    args: [w, outputs, channels, taps, outputsLast, order, cost],
    finish: () => cost[0]!,
  };
}

/**
 * About the time that the engine's int8 layer with these weights takes for one row of activations, in that of one product instruction (16 outputs,
 * 4 inputs), dense or sparse, whichever is faster on this CPU; with channel order[i] in place i (empty: as they are). From a sample of the
 * weights: for comparing two orders.
 */
export function predictInt8(w: Int8Array, layout: Int8WeightLayout, order: Int32Array = new Int32Array(0)): number {
  return runCall(call(w, layout, order));
}
