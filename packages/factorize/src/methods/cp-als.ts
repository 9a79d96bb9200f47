import { inverse, multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import { normalQuantile, philox4x32 } from '@gossamer/runtime';

/** Rounds at most. */
export const CP_ROUNDS = 200;
/** A round that lowers the error by less, as a share of the weight's energy, is the last. */
const LEAST_GAIN = 1e-6;
/** Added to the diagonal of what is solved, as a share of its mean. */
const RIDGE = 1e-8;

/** W is near the sum over p of the outer products of column p of all factors. */
export interface CpFit {
  /** One a mode: [size, rank]. */
  readonly factors: readonly Float64Array[];
  /** ‖W - W'‖² / ‖W‖². */
  readonly lost: number;
  /** Sum of the squared norms of the rank-one terms over ‖W‖²: large where they cancel each other. */
  readonly cancellation: number;
}

/**
 * Canonical polyadic form of a row-major tensor by alternating least squares with a ridge, from seeded normal numbers.
 *
 * Source: Carroll and Chang 1970; Kolda and Bader, "Tensor decompositions and applications", SIAM Review 2009, figure 3.3.
 */
export function fitCp(
  tensor: Float64Array,
  sizes: readonly number[],
  rank: number,
  seed: number,
  rounds = CP_ROUNDS,
): CpFit {
  const factors = sizes.map((size, mode) => normals(size * rank, seed, mode));
  const grams = factors.map((factor) => gramOf(factor, rank));
  const [first] = sizes as [number];
  const rest = tensor.length / first;
  const turned = transposeMatrix(tensor, first, rest);
  const energy = tensor.reduce((sum, x) => sum + x * x, 0);
  let lost = Infinity;
  for (let round = 0; round < rounds; round++) {
    let fit = 0;
    let summed: Float64Array = new Float64Array(0);
    for (const mode of sizes.keys()) {
      const products =
        mode === 0
          ? multiplyMatrices(tensor, khatriRao(factors.slice(1), rank), first, rest, rank)
          : sumOthers(summed, factors, sizes, mode, rank);
      const others = hadamard(grams, rank, mode);
      const factor = multiplyMatrices(products, ridgeInverse(others, rank), sizes[mode]!, rank, rank);
      factors[mode] = factor;
      grams[mode] = gramOf(factor, rank);
      // The other modes of a round share the sum over the first one.
      if (mode === 0) summed = multiplyMatrices(turned, factor, rest, first, rank);
      // ‖W - W'‖² = ‖W‖² - 2 <W, W'> + ‖W'‖², at the last mode.
      fit = energy - 2 * sumOf(products, factor) + sumOf(others, grams[mode]!);
    }
    const now = Math.max(0, fit / energy);
    const gain = lost - now;
    lost = now;
    if (gain < LEAST_GAIN) break;
  }
  const terms = hadamard(grams, rank, -1);
  let norms = 0;
  for (let p = 0; p < rank; p++) norms += terms[p * rank + p]!;
  spread(factors, rank);
  return { factors, lost, cancellation: norms / energy };
}

/** Of the tensor summed over its first mode with that mode's factor, [all other modes, rank]: the sum over all modes but `mode` with theirs, [size of mode, rank]. */
function sumOthers(
  summed: Float64Array,
  factors: readonly Float64Array[],
  sizes: readonly number[],
  mode: number,
  rank: number,
): Float64Array {
  const size = sizes[mode]!;
  const inner = sizes.slice(mode + 1).reduce((a, b) => a * b, 1);
  const outer = summed.length / rank / size / inner;
  const weights = khatriRao(
    factors.filter((_, other) => other !== 0 && other !== mode),
    rank,
  );
  const out = new Float64Array(size * rank);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < inner; j++) {
        const weight = (o * inner + j) * rank;
        for (let p = 0; p < rank; p++) out[i * rank + p]! += summed[at++]! * weights[weight + p]!;
      }
    }
  }
  return out;
}

function normals(length: number, seed: number, mode: number): Float64Array {
  const words = new Uint32Array(4);
  return Float64Array.from({ length }, (_, i) => {
    philox4x32(words, i, mode, 0, 0, seed % 2 ** 32, Math.floor(seed / 2 ** 32));
    return normalQuantile((words[0]! + 0.5) / 2 ** 32);
  });
}

/** Products of the rows of all factors, the last mode fastest: [product of their sizes, rank]. */
function khatriRao(factors: readonly Float64Array[], rank: number): Float64Array {
  let out = new Float64Array(rank).fill(1);
  for (const factor of factors) {
    const before = out;
    out = new Float64Array((before.length * factor.length) / rank);
    let at = 0;
    for (let i = 0; i < before.length; i += rank) {
      for (let j = 0; j < factor.length; j += rank) {
        for (let p = 0; p < rank; p++) out[at++] = before[i + p]! * factor[j + p]!;
      }
    }
  }
  return out;
}

function gramOf(factor: Float64Array, rank: number): Float64Array {
  const out = new Float64Array(rank * rank);
  for (let base = 0; base < factor.length; base += rank) {
    for (let p = 0; p < rank; p++) {
      for (let q = 0; q < rank; q++) out[p * rank + q]! += factor[base + p]! * factor[base + q]!;
    }
  }
  return out;
}

/** The elementwise product of all grams but one. */
function hadamard(grams: readonly Float64Array[], rank: number, without: number): Float64Array {
  const out = new Float64Array(rank * rank).fill(1);
  grams.forEach((gram, mode) => {
    if (mode !== without) for (let i = 0; i < out.length; i++) out[i]! *= gram[i]!;
  });
  return out;
}

/** (A + ridge I)⁻¹ of a symmetric A without negative eigenvalues. */
function ridgeInverse(matrix: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let p = 0; p < n; p++) trace += matrix[p * n + p]!;
  const ridge = (RIDGE * trace) / n || 1;
  const damped = matrix.slice();
  for (let p = 0; p < n; p++) damped[p * n + p]! += ridge;
  return inverse(damped, n);
}

function sumOf(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

/** Gives column p the same norm in all factors. */
function spread(factors: readonly Float64Array[], rank: number): void {
  for (let p = 0; p < rank; p++) {
    const norms = factors.map((factor) => {
      let sum = 0;
      for (let at = p; at < factor.length; at += rank) sum += factor[at]! ** 2;
      return Math.sqrt(sum);
    });
    if (norms.includes(0)) continue;
    const mean = norms.reduce((sum, norm) => sum + Math.log(norm), 0) / norms.length;
    factors.forEach((factor, mode) => {
      const scale = Math.exp(mean) / norms[mode]!;
      for (let at = p; at < factor.length; at += rank) factor[at]! *= scale;
    });
  }
}
