import { dequantizeMatrix, type QuantizedMatrix } from '../grid/quantized-matrix.js';
import { codesOf } from '../grid/weight-grid.js';
import { findScheme } from '../schemes/registry.js';
import { correlatedInputs, meanProduct, normalLike } from '../testing/problem.js';
import { gptq } from './gptq.js';
import { outputError } from '@gossamer/kernels';
import { entropyRate, rateDistortion } from './rate-distortion.js';
import type { WeightProblem } from './weight-algorithm.js';

const [rows, columns, samples] = [16, 24, 300];
const x = correlatedInputs(samples, columns, 5);
const second = meanProduct(x, x, columns);
const data = normalLike(rows * columns, 2);
const scheme = findScheme('int4');
const problem: WeightProblem = {
  ...{ layer: 'layer', rows, columns, data, second, seed: 0 },
  fit: (weights, importance) =>
    scheme.fit(weights, {
      rows,
      columns,
      granularity: 'row',
      clip: false,
      seed: 0,
      ...(importance ? { importance } : {}),
    }),
};

function measure(matrix: QuantizedMatrix) {
  const counts = new Float64Array(codesOf(matrix.grid));
  for (const code of matrix.codes) counts[code]!++;
  const bits = entropyRate.bits(counts);
  return {
    error: outputError({ changed: dequantizeMatrix(matrix), target: data, second, columns }),
    bits: counts.reduce((sum, count, code) => sum + count * bits[code]!, 0),
  };
}

describe('rate-distortion', () => {
  it('has the codes of GPTQ where bits cost nothing', async () => {
    const [free, plain] = [await rateDistortion(problem, { lambda: 0 }), await gptq.solve(problem)];
    expect(free.codes).toEqual(plain.codes);
  });

  it('takes fewer bits for more error as bits cost more', async () => {
    const found = [];
    for (const lambda of [0, 0.01, 0.05, 0.2]) found.push(measure(await rateDistortion(problem, { lambda })));
    for (let i = 1; i < found.length; i++) {
      expect(found[i]!.bits).toBeLessThan(found[i - 1]!.bits);
      expect(found[i]!.error).toBeGreaterThan(found[i - 1]!.error);
    }
  });

  it.each([0.01, 0.05, 0.2])('at %d a bit it has a smaller sum of both than GPTQ', async (lambda) => {
    const [found, plain] = [measure(await rateDistortion(problem, { lambda })), measure(await gptq.solve(problem))];
    expect(found.error + lambda * found.bits).toBeLessThan(plain.error + lambda * plain.bits);
  });
});
