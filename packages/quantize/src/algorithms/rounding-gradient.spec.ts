import { evaluate } from '@gossamer/graph/eval';
import { Tensor } from '@gossamer/graph';
import { correlatedInputs, meanProduct, normalLike } from '../testing/problem.js';
import { roundingGradient } from './rounding-gradient.js';
import { rectifiedSigmoid } from './rounding-variable.js';

test('it is the derivative of error and regulariser', () => {
  const [rows, columns, beta, strength] = [2, 5, 3, 0.7];
  const inputs = correlatedInputs(50, columns, 2);
  const second = Float32Array.from(meanProduct(inputs, inputs, columns));
  const offset = normalLike(rows * columns, 1);
  const gap = normalLike(rows * columns, 2).map((value, i) => (i === 3 ? 0 : 0.5 + Math.abs(value)));
  const drift = normalLike(rows * columns, 3);
  const factor = Float32Array.of(2, 3);
  const variable = normalLike(rows * columns, 4);
  const value = (v: Float64Array) => {
    const h = v.map(rectifiedSigmoid);
    let total = 0;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) {
        const at = row * columns + i;
        const e = (j: number) => offset[row * columns + j]! + gap[row * columns + j]! * h[row * columns + j]!;
        let pulled = 2 * drift[at]!;
        for (let j = 0; j < columns; j++) pulled += second[i * columns + j]! * e(j);
        total += (factor[row]! / 2) * e(i) * pulled;
        if (gap[at]! > 0) total += strength * (1 - Math.abs(2 * h[at]! - 1) ** beta);
      }
    }
    return total;
  };
  const scalar = (number: number) => Tensor.of('float32', [], Float32Array.of(number));
  const model = roundingGradient({ rows, columns, offset, gap, second, drift, factor });
  const { gradient } = evaluate(
    model,
    { variable: Tensor.of('float32', [rows, columns], variable), beta: scalar(beta), strength: scalar(strength) },
    { precision: 'float64' },
  );
  gradient!.toFloat64().forEach((found, i) => {
    const at = (change: number) => value(Float64Array.from(variable, (v, j) => (j === i ? v + change : v)));
    // Central differences: their own error is about step^2 times the third derivative, below 1e-6 here.
    expect(found).toBeCloseTo((at(1e-4) - at(-1e-4)) / 2e-4, 4);
  });
});
