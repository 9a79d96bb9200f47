import { GossamerError } from '@gossamer/graph';
import type { SchemeArguments, WeightArguments } from '@gossamer/native';
import { requireArray, requireInteger } from './require-array.js';

/** How a weight matrix of `n` outputs and `k` inputs is quantized in blocks that run along `k`. */
export interface BlockOptions {
  /** Output features (columns of 'kn'); integer >= 0. */
  readonly n: number;
  /** Input features, the axis that is summed over; integer >= 0. */
  readonly k: number;
  /** 'kn': [k, n] row-major (MatMul B, Gemm with transB = 0). 'nk': [n, k] (Gemm with transB = 1, embeddings). */
  readonly layout: 'kn' | 'nk';
  /** Bits of a code, 2 to 8. */
  readonly bits: number;
  /** Weights that share a scale; `k`: one block a channel. The last block of a column may be shorter. */
  readonly blockSize: number;
  readonly mapping: 'symmetric' | 'asymmetric';
  /**
   * Symmetric codes. 'full': scale = -v / 2^(bits - 1), v the value of largest magnitude, which gets the lowest code; all
   * 2^bits codes serve, and the scale is negative where v is positive (the rule of ONNX Runtime's and ggml's 4-bit
   * formats). 'restricted': scale = |v| / (2^(bits - 1) - 1) > 0 and the lowest code unused. Default: 'full'.
   */
  readonly range?: 'full' | 'restricted';
  /** Try `steps` scales, the one above times ratios even from 1 down to `min`; keep the least squared error. Default: none. */
  readonly clip?: ClipSearch;
}

/** Grid of a clip search. */
export interface ClipSearch {
  /** Ratios to try, 2 to 64. */
  readonly steps: number;
  /**
   * Smallest ratio, in (0, 1). With 20 steps on normally distributed weights the least squared error is at 0.8 for 4
   * bits (7 to 19 % below no search), 0.7 for 3 and 0.6 for 2; 8 bits gain 2 % at 0.9 and nothing below.
   */
  readonly min: number;
}

const MAX_CLIP_STEPS = 64;

function requireOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  throw new GossamerError('ERR_BAD_OPTION', `${name}: expected ${allowed.join(' or ')}, received ${String(value)}`);
}

function requireClip({ steps, min }: ClipSearch): void {
  requireInteger('clip.steps', steps, 2, MAX_CLIP_STEPS);
  if (typeof min === 'number' && min > 0 && min < 1) return;
  throw new GossamerError('ERR_BAD_OPTION', `clip.min: expected a number in (0, 1), received ${String(min)}`);
}

/** The addon's arguments for the weight. */
export function weightArguments(w: Float32Array, options: BlockOptions): WeightArguments {
  const { n, k, layout, blockSize } = options;
  requireArray('w', w, 'Float32Array');
  requireInteger('n', n, 0);
  requireInteger('k', k, 0);
  requireOneOf('layout', layout, ['kn', 'nk']);
  requireInteger('blockSize', blockSize, 1);
  if (w.length !== n * k) {
    throw new GossamerError('ERR_WRONG_LENGTH', `w: expected ${n} * ${k} elements, received ${w.length}`);
  }
  return [w, n, k, layout === 'nk', blockSize];
}

/** The addon's arguments for the scheme, with codes as unsigned or signed integers of `bits`. */
export function schemeArguments(options: BlockOptions, isSigned: boolean): SchemeArguments {
  const { bits, mapping, range = 'full', clip } = options;
  requireInteger('bits', bits, 2, 8);
  requireOneOf('mapping', mapping, ['symmetric', 'asymmetric']);
  requireOneOf('range', range, ['full', 'restricted']);
  if (clip !== undefined) requireClip(clip);
  const half = 2 ** (bits - 1);
  const zero = isSigned ? 0 : half;
  const grid = [clip?.steps ?? 1, clip?.min ?? 1] as const;
  if (mapping === 'asymmetric') return [2, zero - half, zero + half - 1, zero, ...grid];
  if (range === 'full') return [1, zero - half, zero + half - 1, zero, ...grid];
  return [0, zero - half + 1, zero + half - 1, zero, ...grid];
}

/** Blocks in a column. */
export function blockCount({ k, blockSize }: BlockOptions): number {
  return Math.ceil(k / blockSize);
}
