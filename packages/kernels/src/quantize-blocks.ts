import { GossamerError } from '@gossamer/graph';
import { blockCount, type BlockOptions, schemeArguments, weightArguments } from './block-scheme.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import type { Codes } from './quantized-dtype.js';
import { requireFinite } from './require-finite.js';

/** Element type of codes that take a byte each, whatever their bits. */
export type ByteDtype = 'int8' | 'uint8';

/** A weight as the inputs of a blocked DequantizeLinear, before packing. */
export interface QuantizedBlocks<D extends ByteDtype = ByteDtype> {
  /** One code a byte, in the layout of the weight. int8: in [-2^(bits - 1), 2^(bits - 1) - 1]; uint8: in [0, 2^bits - 1]. */
  readonly codes: Codes<D>;
  /** [kBlocks, n] for 'kn', [n, kBlocks] for 'nk'. */
  readonly scales: Float32Array;
  /** As many as scales, in the same order. Symmetric: all 0 (int8) or 2^(bits - 1) (uint8). */
  readonly zeroPoints: Codes<D>;
  /** ceil(k / blockSize). */
  readonly kBlocks: number;
}

function allocate<D extends ByteDtype>(dtype: D, length: number): Codes<D> {
  return (dtype === 'int8' ? new Int8Array(length) : new Uint8Array(length)) as Codes<D>;
}

function call<D extends ByteDtype>(
  w: Float32Array,
  options: BlockOptions & { readonly dtype: D },
): NativeCall<'quantizeBlockedWeight', QuantizedBlocks<D>> {
  const { n, dtype } = options;
  if (dtype !== 'int8' && dtype !== 'uint8') {
    throw new GossamerError('ERR_BAD_OPTION', `dtype: expected int8 or uint8, received ${String(dtype)}`);
  }
  const weight = weightArguments(w, options);
  const scheme = schemeArguments(options, dtype === 'int8');
  const kBlocks = blockCount(options);
  const codes = allocate(dtype, w.length);
  const scales = new Float32Array(n * kBlocks);
  const zeroPoints = allocate(dtype, n * kBlocks);
  const nonFinite = new Float64Array(1);
  const finish = (): QuantizedBlocks<D> => {
    requireFinite('w', nonFinite);
    return { codes, scales, zeroPoints, kBlocks };
  };
  const args = [...weight, ...scheme, codes, scales, zeroPoints, nonFinite] as const;
  return { operation: 'quantizeBlockedWeight', args: [...args], finish };
}

/**
 * Quantizes a weight matrix in blocks along `k`, codes one a byte in the weight's own layout (pack 4-bit codes with
 * `packInt4`): round to nearest, or the least squared error of a clip search. Throws ERR_NOT_FINITE for NaN or infinities.
 */
export function quantizeBlocks<D extends ByteDtype>(
  w: Float32Array,
  options: BlockOptions & { readonly dtype: D },
): QuantizedBlocks<D> {
  return runCall(call(w, options));
}

/** `quantizeBlocks` on the thread pool. */
export async function quantizeBlocksAsync<D extends ByteDtype>(
  w: Float32Array,
  options: BlockOptions & { readonly dtype: D } & AsyncOptions,
): Promise<QuantizedBlocks<D>> {
  return runCallAsync(call(w, options), options);
}
