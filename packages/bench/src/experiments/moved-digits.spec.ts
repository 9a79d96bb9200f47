import { Tensor } from '@gossamer/graph';
import { arrayDataset } from '@gossamer/train';
import { movedDigits } from './moved-digits.js';

const square = Float32Array.from({ length: 784 }, (_, i) => (i % 28 > 9 && i % 28 < 18 && i > 280 && i < 504 ? 1 : 0));
const digits = arrayDataset({
  input: Tensor.of('float32', [1, 1, 28, 28], square),
  labels: Tensor.of('int64', [1], BigInt64Array.of(7n)),
});

test('the first copy is the digit, the others are moved, the same at every reading', () => {
  const moved = movedDigits(digits, 4, { reach: 1, turn: 8 });
  expect(moved.length).toBe(4);
  const read = () => {
    const into = { input: new Float32Array(4 * 784), labels: new BigInt64Array(4) };
    moved.read(Uint32Array.of(0, 1, 2, 3), into);
    return into;
  };
  const { input, labels } = read();
  expect([...labels]).toEqual([7n, 7n, 7n, 7n]);
  const images = [0, 1, 2, 3].map((i) => input.subarray(i * 784, (i + 1) * 784));
  expect(images[0]).toEqual(square);
  const ink = (image: Float32Array) => image.reduce((a, b) => a + b, 0);
  for (const image of images.slice(1)) {
    expect(image).not.toEqual(square);
    expect(Math.abs(ink(image) / ink(square) - 1)).toBeLessThan(0.25);
  }
  expect(read().input).toEqual(input);
});
