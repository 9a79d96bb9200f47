import { outputError } from './output-error.js';

test('it is the mean squared error of the outputs, summed over them', () => {
  const [rows, columns, samples] = [3, 4, 7];
  const x = Array.from({ length: samples }, (_, s) =>
    Float64Array.from({ length: columns }, (__, i) => Math.sin(3 * s + i)),
  );
  const second = new Float64Array(columns ** 2);
  for (const sample of x) {
    sample.forEach((a, i) => sample.forEach((b, j) => (second[i * columns + j]! += (a * b) / samples)));
  }
  const target = Float32Array.from({ length: rows * columns }, (_, i) => Math.cos(i));
  const changed = target.map((value, i) => Math.fround(value + 0.1 * Math.sin(5 * i)));
  let expected = 0;
  for (const sample of x) {
    for (let row = 0; row < rows; row++) {
      const difference = sample.reduce(
        (sum, value, i) => sum + value * (changed[row * columns + i]! - target[row * columns + i]!),
        0,
      );
      expected += difference ** 2 / samples;
    }
  }
  // float32 differences, and sums of three products in float32.
  expect(Math.abs(outputError(changed, target, second, columns) / expected - 1)).toBeLessThan(2 ** -18);
});
