import { columnsByEnergy, permuteSymmetric, reverseCholeskyAsync } from '@gossamer/kernels';
import { dequantizeMatrix, type MatrixCodes, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { blocksOf, codesOf, type WeightGrid } from '../grid/weight-grid.js';
import { DAMPING } from './damped-factor.js';
import { reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightProblem } from './weight-algorithm.js';

/** What a coder takes for codes, learned from codes: bits of each code of the grid. */
export interface RateModel {
  /** Bits of every code, given how often each came in the last round. */
  bits(counts: Float64Array): Float64Array;
}

export interface RateOptions {
  /** Squared output error (per output, averaged over samples) that one bit may cost; >= 0. */
  readonly lambda: number;
  /** Default: an ideal adaptive coder without contexts, -log2 of a code's share. */
  readonly rate?: RateModel;
}

/** Rounds of choosing codes by rates and learning rates from codes. */
const ROUNDS = 4;

/** -log2 of the share of each code; one that never came counts as half a time. */
export const entropyRate: RateModel = {
  bits(counts) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => -Math.log2(Math.max(count, 0.5) / Math.max(total, 1)));
  },
};

/**
 * Codes of least output error plus lambda times the bits that a coder takes for them. As in GPTQ, columns are fixed one after the other and those to come make up for the error; a weight may take either neighbour on the
 * grid, or the commonest code. The rates come from the codes of the round before. With lambda 0 these are GPTQ's codes on a fixed grid. O(rows columns²) a round, in TypeScript: for layers of some
 * hundred columns.
 *
 * Source: Wiedemann et al., "DeepCABAC", IEEE JSTSP 14(4), 2020, section III (the cost); Frantar et al., GPTQ, ICLR 2023 (the updates).
 */
export async function rateDistortion(
  problem: WeightProblem,
  { lambda, rate = entropyRate }: RateOptions,
): Promise<QuantizedMatrix> {
  const { rows, columns, kept, signal } = problem;
  const second = requireMoments(problem, 'rate-distortion');
  const weights = await reachableTarget(problem);
  const importance = Float64Array.from({ length: columns }, (_, j) => second[j * columns + j]!);
  const grid = problem.fit(kept ? weights.map((value, i) => value * kept[i]!) : weights, importance);
  const order = columnsByEnergy(second, columns);
  const options = { damping: DAMPING, ...(signal ? { signal } : {}) };
  const { r } = await reverseCholeskyAsync(permuteSymmetric(second, order), columns, options);
  const pivots = Float64Array.from({ length: columns }, (_, j) => r[j * columns + j]!);
  const shares = r.map((value, i) => value / pivots[i % columns]!);
  const zeros = kept && roundToGrid(new Float32Array(weights.length), grid).codes;
  const zeroAt = (at: number) => (kept?.[at] === 0 ? zeros![at] : undefined);
  const walk: ColumnWalk = { rows, columns, weights, grid, order, pivots, shares, values: valueTable(grid), zeroAt };
  let codes = chooseCodes(walk, undefined, 0);
  for (let round = 0; lambda > 0 && round < ROUNDS; round++) {
    signal?.throwIfAborted();
    codes = chooseCodes(walk, rate.bits(countsOf(codes, codesOf(grid))), lambda);
  }
  return { grid, codes };
}

interface ColumnWalk {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly weights: Float32Array;
  readonly grid: WeightGrid;
  readonly order: Int32Array;
  /** Of R, the damped moment being R Rᵀ, rows and columns in `order`: its diagonal, and R with columns divided by that. */
  readonly pivots: Float64Array;
  readonly shares: Float64Array;
  /** What a code stands for at a place of the matrix. */
  readonly values: (code: number, row: number, column: number) => number;
  /** The code of a weight that stays 0. */
  readonly zeroAt: (at: number) => number | undefined;
}

function chooseCodes(walk: ColumnWalk, bits: Float64Array | undefined, lambda: number): MatrixCodes {
  const { rows, columns, order, pivots, shares, weights, values, zeroAt, grid } = walk;
  const count = codesOf(grid);
  const wanted = Float64Array.from(weights);
  const codes = count <= 256 ? new Uint8Array(wanted.length) : new Uint16Array(wanted.length);
  const common = bits ? bits.indexOf(bits.reduce((least, each) => (each < least ? each : least))) : 0;
  for (let place = 0; place < columns; place++) {
    const column = order[place]!;
    const pivot = pivots[place]!;
    const nearest = roundColumn(walk, wanted, column);
    for (let row = 0; row < rows; row++) {
      const at = row * columns + column;
      const weight = wanted[at]!;
      let [code, least] = [zeroAt(at) ?? nearest[row]!, Infinity];
      const candidates = bits && zeroAt(at) === undefined ? [code, code - 1, code + 1, common] : [code];
      for (const each of candidates) {
        if (each < 0 || each >= count) continue;
        const error = (weight - values(each, row, column)) * pivot;
        const cost = error * error + (bits ? lambda * bits[each]! : 0);
        if (cost >= least) continue;
        least = cost;
        code = each;
      }
      codes[at] = code;
      const error = weights[at]! - values(code, row, column);
      for (let later = place + 1; later < columns; later++) {
        wanted[row * columns + order[later]!]! += error * shares[place * columns + later]!;
      }
    }
  }
  return codes;
}

/** The nearest code to what is wanted of each weight of a column. */
function roundColumn({ rows, columns, grid }: ColumnWalk, wanted: Float64Array, column: number): MatrixCodes {
  const block = Math.floor(column / grid.blockSize);
  const blocks = blocksOf(grid);
  const pick = (all: Float32Array) => Float32Array.from({ length: rows }, (_, row) => all[row * blocks + block]!);
  const one = { rows, columns: 1, blockSize: 1, scales: pick(grid.scales) };
  const single = grid.kind === 'affine' ? { ...grid, ...one, zeroPoints: pick(grid.zeroPoints) } : { ...grid, ...one };
  return roundToGrid(
    Float32Array.from({ length: rows }, (_, row) => wanted[row * columns + column]!),
    single,
  ).codes;
}

/** A table of the values of all codes at every row and block. */
function valueTable(grid: WeightGrid): ColumnWalk['values'] {
  const [count, blocks] = [codesOf(grid), blocksOf(grid)];
  const tables = new Float32Array(grid.rows * blocks * count);
  for (let code = 0; code < count; code++) {
    const all = (count <= 256 ? new Uint8Array(grid.rows * blocks) : new Uint16Array(grid.rows * blocks)).fill(code);
    const single = { ...grid, columns: blocks, blockSize: 1 } as WeightGrid;
    dequantizeMatrix({ grid: single, codes: all }).forEach((value, i) => (tables[i * count + code] = value));
  }
  return (code, row, column) => tables[(row * blocks + Math.floor(column / grid.blockSize)) * count + code]!;
}

function countsOf(codes: MatrixCodes, count: number): Float64Array {
  const counts = new Float64Array(count);
  for (const code of codes) counts[code]!++;
  return counts;
}
