import { GossamerError } from '@gossamer/graph';
import { blockCount, type BlockOptions, schemeArguments, weightArguments } from './block-scheme.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireFinite } from './require-finite.js';

/** A weight as the inputs of com.microsoft.MatMulNBits. */
export interface MatMulNBits {
  /** B: [n, kBlocks, blockSize * bits / 8], codes low bits first, `k` padded with the zero point's code. */
  readonly codes: Uint8Array;
  /** [n, kBlocks]. */
  readonly scales: Float32Array;
  /** Asymmetric: [n, ceil(kBlocks * bits / 8)], packed as the codes. Symmetric: null, for the default 2^(bits - 1). */
  readonly zeroPoints: Uint8Array | null;
  /** ceil(k / blockSize). */
  readonly kBlocks: number;
}

const BITS = [2, 4, 8];
const BLOCK_SIZES = [16, 32, 64, 128, 256];

function requireSupported({ bits, blockSize }: BlockOptions): void {
  if (!BITS.includes(bits)) {
    throw new GossamerError('ERR_BAD_OPTION', `bits: expected one of ${BITS.join(', ')}, received ${bits}`);
  }
  if (!BLOCK_SIZES.includes(blockSize)) {
    const expected = `one of ${BLOCK_SIZES.join(', ')}`;
    throw new GossamerError('ERR_BAD_OPTION', `blockSize: expected ${expected}, received ${blockSize}`);
  }
}

function call(w: Float32Array, options: BlockOptions): NativeCall<'quantizeMatMulNBits', MatMulNBits> {
  requireSupported(options);
  const weight = weightArguments(w, options);
  const scheme = schemeArguments(options, false);
  const { n, bits, blockSize, mapping } = options;
  const kBlocks = blockCount(options);
  const codes = new Uint8Array((n * kBlocks * blockSize * bits) / 8);
  const scales = new Float32Array(n * kBlocks);
  const zeroPoints = mapping === 'asymmetric' ? new Uint8Array(n * Math.ceil((kBlocks * bits) / 8)) : null;
  const nonFinite = new Float64Array(1);
  const finish = (): MatMulNBits => {
    requireFinite('w', nonFinite);
    return { codes, scales, zeroPoints, kBlocks };
  };
  const args = [...weight, ...scheme, bits, codes, scales, zeroPoints ?? undefined, nonFinite] as const;
  return { operation: 'quantizeMatMulNBits', args: [...args], finish };
}

/**
 * Quantizes a weight matrix to the layout of MatMulNBits: round to nearest, or the least squared error of a clip search.
 *
 * bits 2, 4 or 8; blockSize 16, 32, 64, 128 or 256 (what ONNX Runtime loads). Throws ERR_NOT_FINITE for NaN or infinities.
 */
export function quantizeMatMulNBits(w: Float32Array, options: BlockOptions): MatMulNBits {
  return runCall(call(w, options));
}

/** `quantizeMatMulNBits` on the thread pool. */
export async function quantizeMatMulNBitsAsync(
  w: Float32Array,
  options: BlockOptions & AsyncOptions,
): Promise<MatMulNBits> {
  return runCallAsync(call(w, options), options);
}
