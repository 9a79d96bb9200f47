import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { correlatedInputs, meanProduct, normalLike } from '../testing/problem.js';
import { awqClip } from './awq-clip.js';
import { outputError } from '@gossamer/kernels';
import type { WeightProblem } from './weight-algorithm.js';

const [rows, columns] = [8, 64];
const inputs = correlatedInputs(300, columns, 3);
const second = meanProduct(inputs, inputs, columns);
/** Heavy tails, which clips are for. */
const data = normalLike(rows * columns, 4).map((w, i) => (i % 29 === 0 ? 3 * w : w ** 3));

function problemOf(weights: string, granularity: SchemeLayout['granularity']): WeightProblem {
  const scheme = findScheme(weights);
  return {
    ...{ layer: 'layer', rows, columns, data, second, seed: 0 },
    fit: (values) => scheme.fit(values, { rows, columns, granularity, clip: false, seed: 0 }),
  };
}

/** Without the moments between blocks, which the search does not see. */
const blockDiagonal = (size: number) =>
  second.map((m, i) => (Math.floor(i / columns / size) === Math.floor((i % columns) / size) ? m : 0));

describe('the clip search of AWQ', () => {
  it.each([
    ['uint3', 32, 32],
    ['int2', 16, 16],
    ['nf4', 32, 32],
    ['apot3', 'row', columns],
    ['codebook2', 'row', columns],
    ['uint3', 'tensor', columns],
  ] as const)('%s, a scale for %s: a smaller output error, no block worse', async (weights, granularity, size) => {
    const problem = problemOf(weights, granularity);
    const nearest = dequantizeMatrix(roundToGrid(data, problem.fit(data)));
    const found = dequantizeMatrix(await awqClip.solve(problem));
    const moments = blockDiagonal(size);
    const error = (of: Float32Array) => outputError({ changed: of, target: data, second: moments, columns });
    expect(error(found)).toBeLessThan(error(nearest));
    if (granularity === 'tensor') return;
    const rowError = (of: Float32Array, row: number) =>
      error(data.map((w, i) => (Math.floor(i / columns) === row ? of[i]! : w)));
    for (let row = 0; row < rows; row++) {
      // Both sums are of the same terms in another order: equal up to float rounding.
      expect(rowError(found, row)).toBeLessThanOrEqual(rowError(nearest, row) * (1 + 1e-9));
    }
  });

  it('leaves a table that all blocks share, fitted to weights over their largest, where no share of all ranges is better', async () => {
    const problem = problemOf('codebook3', 32);
    expect(await awqClip.solve(problem)).toEqual(roundToGrid(data, problem.fit(data)));
  });

  it('has one scale where the matrix has', async () => {
    const { grid } = await awqClip.solve(problemOf('uint3', 'tensor'));
    expect(new Set(grid.scales).size).toBe(1);
  });
});
