import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { correlatedInputs, meanProduct, weightProblem } from '../testing/problem.js';
import { hqq, hqqInteger } from './hqq.js';
import { importance } from './importance.js';
import { nearest } from './nearest.js';
import { outputError } from '@gossamer/kernels';
import { ALGORITHMS, findAlgorithm } from './registry.js';

const [rows, columns] = [6, 48];
const problem = weightProblem(rows, columns, 3);
const { data } = problem;

/** sum |W - values|^0.7, what half-quadratic quantization makes small. */
const sparseError = (values: Float32Array, row: number) =>
  values
    .subarray(row * columns, (row + 1) * columns)
    .reduce((sum, value, j) => sum + Math.abs(value - data[row * columns + j]!) ** 0.7, 0);

test('algorithms are found by name', () => {
  for (const algorithm of ALGORITHMS) expect(findAlgorithm(algorithm.name)).toBe(algorithm);
  expect(() => findAlgorithm('gptq2')).toThrow(expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error);
});

test('nearest rounds on the fitted grid', async () => {
  expect(await nearest.solve(problem)).toEqual(roundToGrid(data, problem.fit(data)));
});

describe('importance', () => {
  const inputs = correlatedInputs(400, columns, 3);
  // Uncorrelated inputs of very unequal size: there the weighted error is the output error.
  const second = meanProduct(inputs, inputs, columns).map((value, i) =>
    i % (columns + 1) === 0 ? value * (1 + (i % 7) ** 3) : 0,
  );

  it('has a smaller output error than nearest where inputs are uncorrelated', async () => {
    const error = async (solve: typeof nearest.solve) =>
      outputError({ changed: dequantizeMatrix(await solve({ ...problem, second })), target: data, second, columns });
    expect(await error((p) => importance.solve(p))).toBeLessThan(await error((p) => nearest.solve(p)));
  });

  it('is nearest where no input is ever but 0', async () => {
    const dead = { ...problem, second: new Float64Array(columns ** 2) };
    expect(await importance.solve(dead)).toEqual(await nearest.solve(dead));
  });
});

describe('half-quadratic quantization', () => {
  it('moves zero points to real numbers, no row worse than before', async () => {
    const [before, after] = [await nearest.solve(problem), await hqq.solve(problem)];
    if (after.grid.kind !== 'affine') throw new Error('expected integers');
    expect(after.grid.scales).toEqual(before.grid.scales);
    expect(after.grid.zeroPoints.some((zero) => !Number.isInteger(zero))).toBe(true);
    let better = 0;
    for (let row = 0; row < rows; row++) {
      const [a, b] = [before, after].map((matrix) => sparseError(dequantizeMatrix(matrix), row)) as [number, number];
      expect(b).toBeLessThanOrEqual(a);
      if (b < a) better++;
    }
    expect(better).toBeGreaterThan(rows / 2);
  });

  it('has a variant whose zero points are codes', async () => {
    const { grid, codes } = await hqqInteger.solve(problem);
    if (grid.kind !== 'affine') throw new Error('expected integers');
    for (const zero of grid.zeroPoints) {
      expect(Number.isInteger(zero) && zero >= grid.quantMin && zero <= grid.quantMax).toBe(true);
    }
    expect(Math.max(...codes)).toBeLessThan(8);
  });

  it('finds the zero point of weights that lie on a shifted grid', async () => {
    const shifted = Float32Array.from({ length: columns }, (_, j) => ((j % 8) + 0.3) * 0.25);
    const { grid } = await hqq.solve(
      weightProblem(1, columns, 3, {
        data: shifted,
        fit: () => ({
          ...{ kind: 'affine', rows: 1, columns, blockSize: columns, quantMin: 0, quantMax: 7 },
          ...{ scales: Float32Array.of(0.25), zeroPoints: Float32Array.of(0) },
        }),
      }),
    );
    expect(grid.kind === 'affine' && grid.zeroPoints[0]).toBeCloseTo(-0.3, 5);
  });

  it('rounds to nearest on levels', async () => {
    const levels = weightProblem(rows, columns, 2, {
      fit: () => ({
        ...{ kind: 'levels', rows, columns, blockSize: columns, tables: 1 },
        ...{ levels: Float32Array.of(-2, -0.5, 0, 1.5), scales: new Float32Array(rows).fill(1) },
      }),
    });
    expect(await hqq.solve(levels)).toEqual(await nearest.solve(levels));
  });
});
