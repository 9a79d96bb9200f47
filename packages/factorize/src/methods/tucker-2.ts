import { multiplyMatrices, symmetricEigen, transposeMatrix } from '@gossamer/kernels';
import { type Candidate, defineMethod } from './method.js';
import { refuseKernel, stridesOf } from './refuse-kernel.js';

/** Rounds of HOOI; each raises what the core keeps, by less and less. */
const ROUNDS = 25;
/** A round that raises it by less, as a share, is the last. */
const LEAST_GAIN = 1e-9;

/** A kernel as [outs, ins, points]. */
interface Kernel {
  readonly weight: Float64Array;
  readonly outs: number;
  readonly ins: number;
  readonly points: number;
}

/**
 * 1 x 1 to the input rank, the core with the layer's window, 1 x 1 from the output rank. Ranks grow by turns where a parameter keeps more; what is lost is that of HOSVD, which HOOI
 * then lowers.
 *
 * Source: Kim et al., "Compression of deep convolutional neural networks for fast and low power mobile applications", ICLR 2016
 * (arXiv:1511.06530), section 3; De Lathauwer et al. 2000 (HOSVD, HOOI).
 */
export const tucker2 = defineMethod({
  name: 'tucker-2',
  refuse: (view) => refuseKernel(view, 'tucker-2'),

  decompose({ weight, view, rows: outs, columns, elementBytes, ranksUpTo }) {
    const ins = view.shape[1]!;
    const kernel: Kernel = { weight, outs, ins, points: columns / ins };
    const { points } = kernel;
    const outBasis = directions(weight, outs, outs);
    const inBasis = directions(swapped(weight, outs, ins, points), ins, ins);
    const kept = keptEnergy(coreOf(kernel, outBasis, outs, inBasis, ins), outs, ins, points);
    const strides = stridesOf(view).reduce((a, b) => a * b, 1);
    const toCandidate = ([ro, ri]: readonly [number, number]): Candidate => {
      const [parts, middle] = [ins * ri, ri * ro * points + ro * outs];
      return { ranks: [ro, ri], bytes: (parts + middle) * elementBytes, macs: parts * strides + middle };
    };
    const total = kept(outs, ins);
    return {
      candidates: rankPath(ranksUpTo(outs), ranksUpTo(ins), kept, (pair) => toCandidate(pair).bytes).map(toCandidate),
      failures: [],
      lost: ({ ranks: [ro, ri] }) => Math.max(0, 1 - kept(ro!, ri!) / total),
      factor({ ranks }) {
        const [ro, ri] = ranks as [number, number];
        const { across, along } = improve(kernel, outBasis.slice(0, ro * outs), inBasis.slice(0, ri * ins), ro, ri);
        const core = coreOf(kernel, across, ro, along, ri);
        const window = view.shape.slice(2);
        const point = window.map(() => 1);
        // [ro, ri, points] as [ro, points, ri], times [ri, ins], back as [ro, ins, points].
        const inner = multiplyMatrices(swapLast(core, ro, ri, points), along, ro * points, ri, ins);
        return {
          stages: [
            { weight: along, dims: [ri, ins, ...point], group: 1, axes: [] },
            { weight: core, dims: [ro, ri, ...window], group: 1, axes: window.map((_, axis) => axis) },
          ],
          last: { weight: transposeMatrix(across, ro, outs), dims: [outs, ro, ...point], group: 1, axes: [] },
          prefix: swapLast(inner, ro, points, ins),
        };
      },
    };
  },
});

/** The first `count` left singular vectors of a matrix of `rows` rows, one a row: orthonormal, whatever its rank. */
function directions(matrix: Float64Array, rows: number, count: number): Float64Array {
  const columns = matrix.length / rows;
  const gram = multiplyMatrices(matrix, transposeMatrix(matrix, rows, columns), rows, columns, rows);
  return symmetricEigen(gram, rows).vectors.slice(0, count * rows);
}

/** [a, b, c] as [b, a, c]. */
function swapped(data: Float64Array, a: number, b: number, c: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) out.set(data.subarray((i * b + j) * c, (i * b + j + 1) * c), (j * a + i) * c);
  }
  return out;
}

/** [a, b, c] as [a, c, b]. */
function swapLast(data: Float64Array, a: number, b: number, c: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < a; i++) out.set(transposeMatrix(data.subarray(i * b * c, (i + 1) * b * c), b, c), i * b * c);
  return out;
}

/** The kernel seen along `across` [ro, outs] and `along` [ri, ins]: [ro, ri, points]. */
function coreOf(kernel: Kernel, across: Float64Array, ro: number, along: Float64Array, ri: number): Float64Array {
  const { weight, outs, ins, points } = kernel;
  const half = multiplyMatrices(across, weight, ro, outs, ins * points);
  return swapped(multiplyMatrices(along, swapped(half, ro, ins, points), ri, ins, ro * points), ri, ro, points);
}

/** Energy of the leading [ro, ri] part of the full core. */
function keptEnergy(core: Float64Array, outs: number, ins: number, points: number) {
  const sums = new Float64Array((outs + 1) * (ins + 1));
  for (let o = 0; o < outs; o++) {
    let row = 0;
    for (let i = 0; i < ins; i++) {
      for (let p = 0; p < points; p++) row += core[(o * ins + i) * points + p]! ** 2;
      sums[(o + 1) * (ins + 1) + i + 1] = sums[o * (ins + 1) + i + 1]! + row;
    }
  }
  return (ro: number, ri: number): number => sums[ro * (ins + 1) + ri]!;
}

/** Pairs from the smallest on: each time the rank grows for which a byte keeps more. */
function rankPath(
  outRanks: readonly number[],
  inRanks: readonly number[],
  kept: (ro: number, ri: number) => number,
  bytes: (pair: readonly [number, number]) => number,
): [number, number][] {
  let [o, i] = [0, 0];
  if (outRanks.length === 0 || inRanks.length === 0) return [];
  const path: [number, number][] = [[outRanks[0]!, inRanks[0]!]];
  while (o + 1 < outRanks.length || i + 1 < inRanks.length) {
    const now = path.at(-1)!;
    const gain = (pair: [number | undefined, number | undefined]): number => {
      const [ro, ri] = pair;
      if (ro === undefined || ri === undefined) return -1;
      return (kept(ro, ri) - kept(...now)) / (bytes([ro, ri]) - bytes(now));
    };
    if (gain([outRanks[o + 1], inRanks[i]]) >= gain([outRanks[o], inRanks[i + 1]])) o++;
    else i++;
    path.push([outRanks[o]!, inRanks[i]!]);
  }
  return path;
}

/** HOOI: each basis in turn is the best for the other. */
function improve(kernel: Kernel, across: Float64Array, along: Float64Array, ro: number, ri: number) {
  const { weight, outs, ins, points } = kernel;
  let before = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // [ri, outs, points] as [outs, ri, points].
    const byIns = multiplyMatrices(along, swapped(weight, outs, ins, points), ri, ins, outs * points);
    across = directions(swapped(byIns, ri, outs, points), outs, ro);
    const byOuts = multiplyMatrices(across, weight, ro, outs, ins * points);
    along = directions(swapped(byOuts, ro, ins, points), ins, ri);
    const energy = coreOf(kernel, across, ro, along, ri).reduce((sum, x) => sum + x * x, 0);
    if (energy - before <= LEAST_GAIN * energy) break;
    before = energy;
  }
  return { across, along };
}
