import { outputError, outputErrorAsync } from './output-error.js';
import { addGram, mirrorUpper } from './gram.js';
import { randomFloats } from './testing/random-matrix.js';

const [rows, columns, count] = [60, 110, 400];
const x = randomFloats(count * columns, 1);
const target = randomFloats(rows * columns, 2);
const changed = target.map((value, i) => value + 0.01 * ((i * 7) % 11));

const second = new Float64Array(columns ** 2);
addGram({ x, columns }, second);
mirrorUpper(second, columns);
second.forEach((value, i) => (second[i] = value / count));

test('it is the mean of the squared errors of the outputs, summed over them', async () => {
  let expected = 0;
  for (let v = 0; v < count; v++) {
    for (let r = 0; r < rows; r++) {
      let error = 0;
      for (let c = 0; c < columns; c++)
        error += (changed[r * columns + c]! - target[r * columns + c]!) * x[v * columns + c]!;
      expected += error ** 2 / count;
    }
  }
  const found = outputError({ changed, target, columns, second });
  // Both moments are off by 2^-16 of the magnitudes; the errors are all positive, so that little of them is cancelled.
  expect(Math.abs(found / expected - 1)).toBeLessThan(2 ** -13);
  expect(await outputErrorAsync({ changed, target, columns, second })).toBe(found);
});

test('weights that are equal have no error; what is not finite is not', () => {
  expect(outputError({ changed: target, target, columns, second })).toBe(0);
  expect(outputError({ changed: target.map((v, i) => (i === 5 ? NaN : v)), target, columns, second })).toBeNaN();
});

test('wrong lengths are refused', () => {
  expect(() => outputError({ changed, target: target.subarray(1), columns, second })).toThrow(
    expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }) as Error,
  );
});
