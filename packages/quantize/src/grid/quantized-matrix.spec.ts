import { dequantizeMatrix, roundToGrid } from './quantized-matrix.js';
import type { AffineGrid, LevelGrid } from './weight-grid.js';

const affine = (changes: Partial<AffineGrid> = {}): AffineGrid => ({
  kind: 'affine',
  rows: 2,
  columns: 3,
  blockSize: 2,
  quantMin: -4,
  quantMax: 3,
  scales: Float32Array.of(1, 2, 0.5, 1),
  zeroPoints: Float32Array.of(0, 1, 0, -1),
  ...changes,
});

describe('a matrix on a grid', () => {
  it('rounds half to even in blocks of its own, and saturates', () => {
    const quantized = roundToGrid(Float32Array.of(0.5, 1.5, 100, -0.75, 5, -1.5), affine());
    expect([...quantized.codes]).toEqual([4, 6, 7, 2, 7, 2]);
    expect([...dequantizeMatrix(quantized)]).toEqual([0, 2, 4, -1, 1.5, -1]);
  });

  it('takes the nearest of any levels, the lower one at a tie', () => {
    const grid: LevelGrid = {
      kind: 'levels',
      rows: 2,
      columns: 2,
      blockSize: 2,
      tables: 1,
      levels: Float32Array.of(-1, 0, 0.25, 1),
      scales: Float32Array.of(1, 2),
    };
    const quantized = roundToGrid(Float32Array.of(-0.5, 0.2, 1.3, -9), grid);
    expect([...quantized.codes]).toEqual([0, 2, 3, 0]);
    expect([...dequantizeMatrix(quantized)]).toEqual([-1, 0.25, 2, -2]);
  });

  it('has a table a row where there are as many', () => {
    const grid: LevelGrid = {
      kind: 'levels',
      rows: 2,
      columns: 1,
      blockSize: 1,
      tables: 2,
      levels: Float32Array.of(0, 1, 5, 6),
      scales: Float32Array.of(1, 1),
    };
    const quantized = roundToGrid(Float32Array.of(0.9, 5.2), grid);
    expect([...quantized.codes]).toEqual([1, 0]);
    expect([...dequantizeMatrix(quantized)]).toEqual([1, 5]);
  });

  it('dequantized values round to themselves', () => {
    const grid = affine({ scales: Float32Array.of(0.3, 0.7, 0.11, 0.9) });
    const once = roundToGrid(Float32Array.of(0.4, -0.9, 1, 0.2, -3, 0.6), grid);
    expect([...roundToGrid(dequantizeMatrix(once), grid).codes]).toEqual([...once.codes]);
  });
});
