import { hadamard, multiplyHadamard } from './hadamard.js';

const unit = (size: number, index: number) => Float64Array.from({ length: size }, (_, i) => (i === index ? 1 : 0));
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('Hadamard matrices', () => {
  it.each([1, 2, 8, 12, 20, 28, 24, 40, 56])('order %d: entries ±1, rows orthogonal, first column 1', (order) => {
    const matrix = hadamard(order)!;
    const rows = Array.from({ length: order }, (_, i) => {
      const row = unit(order, i);
      multiplyHadamard(row, matrix);
      return row;
    });
    rows.forEach((row, i) => {
      expect(row[0]).toBe(1);
      expect(row.every((entry) => Math.abs(entry) === 1)).toBe(true);
      rows.forEach((other, j) => expect(dot(row, other)).toBe(i === j ? order : 0));
    });
  });

  it.each([0, 3, 6, 36, 100, 1.5])('none of order %d is offered', (order) => {
    expect(hadamard(order)).toBeUndefined();
  });
});
