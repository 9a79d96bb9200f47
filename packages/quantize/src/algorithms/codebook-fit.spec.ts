import { leastSquaresLevels } from '../codebooks/least-squares-levels.js';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import type { LevelGrid } from '../grid/weight-grid.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { correlatedInputs, meanProduct, normalLike } from '../testing/problem.js';
import { codebookFit } from './codebook-fit.js';
import { outputError } from '@gossamer/kernels';
import type { WeightProblem } from './weight-algorithm.js';

const [rows, columns] = [10, 48];
const inputs = correlatedInputs(300, columns, 3);
const second = meanProduct(inputs, inputs, columns);

function problemOf(weights: string, granularity: SchemeLayout['granularity'], data: Float32Array): WeightProblem {
  const scheme = findScheme(weights);
  return {
    ...{ layer: 'layer', rows, columns, data, second, seed: 0 },
    fit: (values) => scheme.fit(values, { rows, columns, granularity, clip: false, seed: 0 }),
  };
}

const data = normalLike(rows * columns, 4);
const errorOf = (matrix: QuantizedMatrix, of = data) =>
  outputError({ changed: dequantizeMatrix(matrix), target: of, second, columns });

describe('levels of least squares', () => {
  it.each(['tensor', 'row', 16] as const)(
    'a scale for %s: no level can move without making the error larger',
    (granularity) => {
      const { grid, codes } = roundToGrid(
        data,
        findScheme('codebook3').fit(data, { rows, columns, granularity, clip: false, seed: 0 }),
      );
      const levels = leastSquaresLevels(grid as LevelGrid, codes, data, second);
      const error = (of: Float32Array) => errorOf({ grid: { ...(grid as LevelGrid), levels: of }, codes });
      const least = error(levels);
      expect(least).toBeLessThan(error((grid as LevelGrid).levels));
      for (const [k, step] of [0, 3, 7].flatMap((level) => [0.01, -0.01].map((by) => [level, by] as const))) {
        expect(error(levels.map((level, i) => (i === k ? level + step : level)))).toBeGreaterThan(least);
      }
    },
  );
});

describe('codebook-fit', () => {
  it.each([
    ['codebook2', 'tensor'],
    ['codebook3', 'row'],
    ['codebook4', 16],
  ] as const)(
    '%s, a scale for %s: a smaller output error than the nearest codes have',
    async (weights, granularity) => {
      const problem = problemOf(weights, granularity, data);
      const found = await codebookFit.solve(problem);
      expect(errorOf(found)).toBeLessThan(errorOf(roundToGrid(data, problem.fit(data))));
      const { levels, tables } = found.grid as LevelGrid;
      const count = levels.length / tables;
      levels.forEach((level, i) => i % count > 0 && expect(level).toBeGreaterThanOrEqual(levels[i - 1]!));
    },
  );

  it('pruned weights stay 0', async () => {
    const pruned = data.map((weight, i) => (i % 3 === 0 ? 0 : weight));
    const problem = problemOf('codebook2', 'row', pruned);
    const found = await codebookFit.solve(problem);
    expect(errorOf(found, pruned)).toBeLessThan(errorOf(roundToGrid(pruned, problem.fit(pruned)), pruned));
    const values = dequantizeMatrix(found);
    pruned.forEach((weight, i) => weight === 0 && expect(values[i]).toBe(0));
  });

  it.each(['nf4', 'uint3'])('leaves %s, whose values are given, rounded', async (weights) => {
    const problem = problemOf(weights, 16, data);
    expect(await codebookFit.solve(problem)).toEqual(roundToGrid(data, problem.fit(data)));
  });
});
