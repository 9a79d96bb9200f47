import { normalLike } from '../testing/problem.js';
import { neighboursOn, roundedBy } from './neighbours.js';
import { dequantizeMatrix, roundToGrid } from './quantized-matrix.js';
import type { WeightGrid } from './weight-grid.js';

const [rows, columns] = [3, 10];
const layout = { rows, columns, blockSize: 4, scales: Float32Array.from({ length: 9 }, (_, i) => 0.3 + 0.1 * i) };
const GRIDS: readonly WeightGrid[] = [
  {
    ...{
      kind: 'affine',
      quantMin: -4,
      quantMax: 3,
      zeroPoints: Float32Array.from({ length: 9 }, (_, i) => (i % 3) - 1),
    },
    ...layout,
  },
  {
    ...layout,
    ...{ kind: 'affine', quantMin: -4, quantMax: 3, zeroPoints: new Float32Array(9) },
    scales: layout.scales.map((scale, i) => (i % 2 ? -scale : scale)),
  },
  { ...layout, kind: 'levels', tables: 1, levels: Float32Array.of(-2, -1, 0, 0.5, 3) },
  { ...layout, kind: 'levels', tables: 3, levels: Float32Array.of(-2, 0, 2, -1, 0, 1, -3, 0.25, 4) },
];

describe.each(GRIDS)('neighbours on $kind', (grid) => {
  const data = normalLike(rows * columns, 1).map((value) => 2 * value);
  const sides = neighboursOn(data, grid);

  it('lie around the weights, which lie where their fraction says', () => {
    data.forEach((weight, i) => {
      const [lower, gap] = [sides.lower[i]!, sides.gap[i]!];
      if (gap === 0) return;
      // Whichever is the smaller value.
      expect(Math.min(lower, lower + gap)).toBeLessThanOrEqual(weight + 1e-6);
      expect(Math.max(lower, lower + gap)).toBeGreaterThanOrEqual(weight - 1e-6);
      expect(lower + gap * sides.fraction[i]!).toBeCloseTo(weight, 5);
    });
  });

  it('round to nearest by their fractions', () => {
    expect(roundedBy(sides, sides.fraction).codes).toEqual(roundToGrid(data, grid).codes);
  });

  it('are what their codes stand for', () => {
    const ones = new Float32Array(data.length).fill(1);
    const upper = dequantizeMatrix(roundedBy(sides, ones));
    upper.forEach((value, i) => expect(value).toBeCloseTo(sides.lower[i]! + sides.gap[i]!, 6));
  });
});
