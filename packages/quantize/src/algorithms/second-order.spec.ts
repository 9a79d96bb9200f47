import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import { correlatedInputs, meanProduct, normalLike } from '../testing/problem.js';
import { gptq } from './gptq.js';
import { obq } from './obq.js';
import { outputError } from '@gossamer/kernels';
import { reachableTarget } from './reachable-target.js';
import type { WeightProblem } from './weight-algorithm.js';

const [rows, columns, samples] = [12, 32, 400];
const x = correlatedInputs(samples, columns, 3);
const second = meanProduct(x, x, columns);
const data = normalLike(rows * columns, 9);

function problem(name: string, granularity: 'row' | number, changes: Partial<WeightProblem> = {}): WeightProblem {
  const scheme = findScheme(name);
  const layout = { rows, columns, granularity, clip: false, seed: 0 };
  return {
    ...{ layer: 'layer', rows, columns, data, second, seed: 0 },
    fit: (weights, importance) => scheme.fit(weights, { ...layout, ...(importance ? { importance } : {}) }),
    blockFit: typeof granularity === 'number' ? scheme.blockFit?.({ clip: false, blockSize: granularity }) : undefined,
    ...changes,
  };
}
const errorOf = (matrix: QuantizedMatrix, target = data) =>
  outputError({ changed: dequantizeMatrix(matrix), target, second, columns });

describe.each([gptq, obq])('$name', (algorithm) => {
  it.each([
    ['int3', 'row'],
    ['uint3', 8],
    ['uint2', 16],
    ['nf4', 8],
    ['codebook3', 'row'],
  ] as const)('%s with scales for %s: the outputs are nearer than with rounding', async (name, granularity) => {
    const given = problem(name, granularity);
    const nearest = errorOf(roundToGrid(data, given.fit(data)));
    expect(errorOf(await algorithm.solve(given))).toBeLessThan(0.8 * nearest);
  });

  it('aims at what the float model makes of its own inputs', async () => {
    // The quantized prefix gives 0.8 x: weights that are larger by a quarter make up for it.
    const quieter = problem('uint8', 'row', { second: second.map((v) => 0.64 * v), cross: second.map((v) => 0.8 * v) });
    const wanted = data.map((value) => 1.25 * value);
    const before = outputError({ changed: data, target: wanted, second, columns });
    expect(outputError({ changed: await reachableTarget(quieter), target: wanted, second, columns })).toBeLessThan(
      0.001 * before,
    );
    const values = dequantizeMatrix(await algorithm.solve(quieter));
    expect(outputError({ changed: values, target: wanted, second, columns })).toBeLessThan(0.01 * before);
  });

  it('leaves inputs that are always 0 aside', async () => {
    const dead = second.map((value, i) => (i % columns === 5 || Math.floor(i / columns) === 5 ? 0 : value));
    const solved = await algorithm.solve(problem('int4', 'row', { second: dead }));
    expect(dequantizeMatrix(solved).every(Number.isFinite)).toBe(true);
  });
});
