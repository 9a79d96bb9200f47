import { GossamerError } from '@gossamer/graph';
import type { CudaWeights } from '@gossamer/native';
import { type AsyncOptions, callAbortable, nativeAddon, runNative } from './native-call.js';
import type { MatMulNBits } from './quantize-matmul-nbits.js';
import { requireArray, requireInteger, requireLength } from './require-array.js';

const FORMATS = ['dense', 'sparse', 'two-four'] as const;

/**
 * How int8 weights lie on the GPU. dense: tensor cores from compute capability 8.0 on, dp4a before. sparse: only what is not 0 is
 * stored and multiplied, in any pattern. two-four: at most two of every four along k are not 0; sparse tensor cores from 8.0 on,
 * dp4a before.
 */
export type CudaI8Format = (typeof FORMATS)[number];

/** Sizes of a weight [n, k]. */
export interface CudaWeightSize {
  readonly n: number;
  readonly k: number;
}

export interface CudaI8Options extends CudaWeightSize, AsyncOptions {
  /** Default dense. */
  readonly format?: CudaI8Format;
}

export interface CudaNBitsOptions extends CudaWeightSize, AsyncOptions {
  /** Weights along k that share a scale: 16, 32, 64, 128 or 256. */
  readonly blockSize: number;
}

const BLOCK_SIZES = [16, 32, 64, 128, 256];

function requireSize({ n, k }: CudaWeightSize): void {
  requireInteger('n', n, 1);
  requireInteger('k', k, 1);
}

/** How many rows of k elements `x` has. */
function rowsOf(x: { readonly length: number }, k: number): number {
  if (x.length % k === 0) return x.length / k;
  throw new GossamerError('ERR_WRONG_LENGTH', `x: expected rows of ${k} elements, received ${x.length} elements`);
}

/** Weights in the memory of the GPU. It goes with `dispose`; with the garbage collector, some time, where nobody called that. */
abstract class CudaMatMul {
  protected constructor(
    protected readonly weights: CudaWeights,
    readonly n: number,
    readonly k: number,
  ) {}

  /** Frees the memory of the GPU once the products in flight have ended; a product afterwards rejects with ERR_CUDA_DISPOSED. */
  dispose(): void {
    runNative((addon) => addon.cuda.free(this.weights));
  }
}

/** Products with int8 weights, y[m, n] = sum over k of x[m, k] * w[n, k], exact in int32. */
export class CudaMatMulI8 extends CudaMatMul {
  /**
   * Packs `w`, [n, k], for the format and copies it to the GPU. Throws ERR_CUDA_PATTERN (two-four, and more than two of four are not 0),
   * ERR_CUDA_UNAVAILABLE, ERR_CUDA_OUT_OF_MEMORY, ERR_CUDA; the signal is looked at before the work begins.
   */
  static async create(w: Int8Array, options: CudaI8Options): Promise<CudaMatMulI8> {
    const { n, k, format = 'dense' } = options;
    requireSize(options);
    requireArray('w', w, 'Int8Array');
    requireLength('w', w, n * k);
    const code = FORMATS.indexOf(format);
    if (code < 0) {
      throw new GossamerError('ERR_BAD_OPTION', `format: expected one of ${FORMATS.join(', ')}, received ${format}`);
    }
    const weights = await callAbortable(
      (abort) => nativeAddon().cuda.uploadI8(abort, w, n, k, code as 0 | 1 | 2),
      [w],
      options,
    );
    return new CudaMatMulI8(weights, n, k);
  }

  /** The product of `x`, rows of k, as rows of n. For a zero point z of x subtract z * (sum of row n of w) from y[m, n]. */
  async run(x: Uint8Array, options: AsyncOptions = {}): Promise<Int32Array> {
    requireArray('x', x, 'Uint8Array');
    const m = rowsOf(x, this.k);
    const y = new Int32Array(m * this.n);
    await callAbortable((abort) => nativeAddon().cuda.multiplyI8(abort, this.weights, m, x, y), [x], options);
    return y;
  }
}

/** Products with 4-bit weights in blocks, as com.microsoft.MatMulNBits; sums in an order of the GPU's. */
export class CudaMatMulNBits extends CudaMatMul {
  /** Copies weights of 4 bits, as `quantizeMatMulNBits` makes them, to the GPU. Throws as `CudaMatMulI8.create`. */
  static async create(
    { codes, scales, zeroPoints }: Omit<MatMulNBits, 'kBlocks'>,
    options: CudaNBitsOptions,
  ): Promise<CudaMatMulNBits> {
    const { n, k, blockSize } = options;
    requireSize(options);
    if (!BLOCK_SIZES.includes(blockSize)) {
      const expected = `one of ${BLOCK_SIZES.join(', ')}`;
      throw new GossamerError('ERR_BAD_OPTION', `blockSize: expected ${expected}, received ${blockSize}`);
    }
    const blocks = Math.ceil(k / blockSize);
    requireArray('codes', codes, 'Uint8Array');
    requireLength('codes', codes, (n * blocks * blockSize) / 2);
    requireArray('scales', scales, 'Float32Array');
    requireLength('scales', scales, n * blocks);
    if (zeroPoints !== null) {
      requireArray('zeroPoints', zeroPoints, 'Uint8Array');
      requireLength('zeroPoints', zeroPoints, n * Math.ceil(blocks / 2));
    }
    const weights = await callAbortable(
      (abort) => nativeAddon().cuda.uploadNbits4(abort, codes, scales, zeroPoints ?? undefined, n, k, blockSize),
      zeroPoints === null ? [codes, scales] : [codes, scales, zeroPoints],
      options,
    );
    return new CudaMatMulNBits(weights, n, k);
  }

  /** The product of `x`, rows of k, as rows of n. */
  async run(x: Float32Array, options: AsyncOptions = {}): Promise<Float32Array> {
    requireArray('x', x, 'Float32Array');
    const m = rowsOf(x, this.k);
    const y = new Float32Array(m * this.n);
    await callAbortable((abort) => nativeAddon().cuda.multiplyNbits4(abort, this.weights, m, x, y), [x], options);
    return y;
  }
}
