import { neighboursOn } from '../grid/neighbours.js';
import { dequantizeMatrix } from '../grid/quantized-matrix.js';
import { correlatedInputs, meanProduct, weightProblem } from '../testing/problem.js';
import { adaround } from './adaround.js';
import { nearest } from './nearest.js';
import { outputError } from '@gossamer/kernels';

const errorOf = (values: Float32Array, target: Float32Array, inputs: Float32Array, others = inputs) => {
  const columns = values.length;
  let total = 0;
  for (let s = 0; s < inputs.length; s += columns) {
    let difference = 0;
    for (let j = 0; j < columns; j++) difference += values[j]! * inputs[s + j]! - target[j]! * others[s + j]!;
    total += difference ** 2;
  }
  return total / (inputs.length / columns);
};

describe('AdaRound on moments', () => {
  const columns = 10;
  const inputs = correlatedInputs(300, columns, 5);
  const second = meanProduct(inputs, inputs, columns);

  it.each([1, 2, 3, 4])('row %i: no worse than nearest, and no single change makes it better', async (row) => {
    const target = weightProblem(row + 1, columns, 3).data.slice(row * columns);
    const problem = weightProblem(1, columns, 3, { data: target, second });
    const { grid, codes } = await adaround.solve(problem);
    const least = errorOf(dequantizeMatrix({ grid, codes }), target, inputs);
    expect(least).toBeLessThanOrEqual(errorOf(dequantizeMatrix(await nearest.solve(problem)), target, inputs));
    const { lowerCode, gap } = neighboursOn(target, grid);
    codes.forEach((code, j) => {
      expect([0, gap[j] !== 0 ? 1 : 0]).toContain(code - lowerCode[j]!);
      const flipped = codes.slice();
      flipped[j] = code === lowerCode[j] && gap[j] !== 0 ? code + 1 : lowerCode[j]!;
      expect(errorOf(dequantizeMatrix({ grid, codes: flipped }), target, inputs)).toBeGreaterThanOrEqual(least - 1e-6);
    });
  });

  it('takes its targets from the float inputs where the cross moment is known', async () => {
    const noise = correlatedInputs(300, columns, 11);
    const float = inputs.map((value, i) => value + 0.4 * noise[i]!);
    const cross = meanProduct(float, inputs, columns);
    const alone = weightProblem(1, columns, 3, { second });
    const { data } = alone;
    const target = data.slice(0, columns);
    const own = dequantizeMatrix(await adaround.solve({ ...alone, data: target }));
    const corrected = dequantizeMatrix(await adaround.solve({ ...alone, data: target, cross }));
    expect(errorOf(corrected, target, inputs, float)).toBeLessThan(errorOf(own, target, inputs, float));
  });
});

test('no row of a larger layer is worse than nearest, and the layer is much better', async () => {
  const [rows, columns] = [12, 64];
  const inputs = correlatedInputs(500, columns, 3);
  const second = meanProduct(inputs, inputs, columns);
  const problem = weightProblem(rows, columns, 3, { second });
  const [before, after] = [await nearest.solve(problem), await adaround.solve(problem)];
  expect(after.grid).toEqual(before.grid);
  const { data } = problem;
  const error = (values: Float32Array, row: number) => {
    const part = (from: Float32Array) => from.subarray(row * columns, (row + 1) * columns);
    return outputError({ changed: part(values), target: part(data), second, columns });
  };
  const [a, b] = [dequantizeMatrix(before), dequantizeMatrix(after)];
  for (let row = 0; row < rows; row++) expect(error(b, row)).toBeLessThanOrEqual(error(a, row));
  expect(outputError({ changed: b, target: data, second, columns })).toBeLessThan(
    0.5 * outputError({ changed: a, target: data, second, columns }),
  );
  expect(await adaround.solve(problem)).toEqual(after);
});
