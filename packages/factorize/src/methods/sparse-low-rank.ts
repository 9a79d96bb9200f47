import { largeSingularValues } from '@gossamer/kernels';
import { multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import { fewRanks } from '../ranks/few-ranks.js';
import { balance } from './cut-matrix.js';
import { defineMethod, type Factors, type LayerProblem } from './method.js';

const ROUNDS = 12;
/** A round that lowers the error by less, as a share of the weight's energy, is the last. */
const LEAST_GAIN = 1e-4;
/** Bytes of the place of an element of a sparse initializer: an int64. */
const INDEX_BYTES = 8;

interface Split {
  readonly factors: Factors;
  readonly lost: number;
}

/**
 * W near S + U V: the low-rank part of W - S and the largest elements of W - U V, by turns. `density` of the elements are in S.
 *
 * Source: Zhou and Tao, "GoDec", ICML 2011, algorithm 1, with exact singular vectors.
 */
export const sparseLowRank = defineMethod({
  name: 'sparse-low-rank',
  refuse: ({ op, node, shape }) => {
    if (op === 'Conv' && shape.length > 2) return 'sparse-low-rank is of products: a sparse convolution has no form';
    if (node.int('transA', 0) !== 0) return 'its input is transposed, which a second product of it would be as well';
    return undefined;
  },

  decompose(problem) {
    const { rows, columns, elementBytes, density, ranksUpTo } = problem;
    const count = Math.floor(density * rows * columns);
    // Beyond it nothing is saved.
    const saving = Math.floor((rows * columns - count) / (rows + columns));
    const splits = new Map<number, Split>();
    const splitOf = (rank: number): Split => {
      const split = splits.get(rank) ?? alternate(problem, rank, count);
      splits.set(rank, split);
      return split;
    };
    return {
      candidates: fewRanks(ranksUpTo(Math.min(rows, columns)).filter((rank) => rank <= saving)).map((rank) => ({
        ranks: [rank],
        bytes: rank * (rows + columns) * elementBytes + count * (elementBytes + INDEX_BYTES),
        macs: rank * (rows + columns) + count,
      })),
      failures: [],
      lost: ({ ranks: [rank] }) => splitOf(rank!).lost,
      factor: ({ ranks: [rank] }) => splitOf(rank!).factors,
    };
  },
});

function alternate({ weight, rows, columns }: LayerProblem, rank: number, count: number): Split {
  const energy = weight.reduce((sum, x) => sum + x * x, 0);
  let sparse = new Float64Array(weight.length);
  let best: Split | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const dense = weight.map((x, i) => x - sparse[i]!);
    const across = largeSingularValues(dense, rows, columns).u.slice(0, rank * rows);
    const prefix = multiplyMatrices(across, dense, rank, rows, columns);
    const last = transposeMatrix(across, rank, rows);
    const low = multiplyMatrices(last, prefix, rows, rank, columns);
    const rest = weight.map((x, i) => x - low[i]!);
    sparse = largest(rest, count);
    const lost = rest.reduce((sum, x, i) => sum + (x - sparse[i]!) ** 2, 0) / energy;
    const gain = (best?.lost ?? Infinity) - lost;
    if (gain <= 0) break;
    balance(last, prefix, rank);
    best = {
      lost,
      factors: {
        stages: [{ weight: prefix, dims: [rank, columns], group: 1, axes: [] }],
        last: { weight: last, dims: [rows, rank], group: 1, axes: [] },
        ...{ prefix, sparse },
      },
    };
    if (gain < LEAST_GAIN) break;
  }
  return best!;
}

/** The `count` elements of largest magnitude, of equals the first; zeros elsewhere. */
function largest(data: Float64Array, count: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(data.length);
  if (count === 0) return out;
  const sizes = data.map(Math.abs).sort();
  const least = sizes[sizes.length - count]!;
  let equals = count - sizes.reduce((above, size) => above + (size > least ? 1 : 0), 0);
  data.forEach((x, at) => {
    const size = Math.abs(x);
    if (size > least || (size === least && equals-- > 0)) out[at] = x;
  });
  return out;
}
