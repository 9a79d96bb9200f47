import { integer } from '../schemes/integer.js';
import { roundToGrid } from './quantized-matrix.js';
import { roundBlocks } from './round-blocks.js';

const [rows, columns] = [40, 100];
const data = Float32Array.from({ length: rows * columns }, (_, i) =>
  i % columns < 32 && i < 5 * columns ? 0 : Math.sin(12.9898 * i) * (1 + (i % 7)),
);

describe('roundBlocks is what the scheme and roundToGrid make', () => {
  test.each(
    [2, 3, 4, 5, 8].flatMap((bits) =>
      [true, false].flatMap((isSigned) => [16, 32, 128].map((n) => [bits, isSigned, n])),
    ),
  )('%i bits, signed %s, blocks of %i', async (bits, isSigned, blockSize) => {
    const scheme = integer(bits as number, isSigned as boolean);
    const granularity = blockSize as number;
    const grid = scheme.fit(data, { rows, columns, granularity, clip: false, seed: 0 });
    const blockFit = scheme.blockFit!({ clip: false, blockSize: granularity })!;
    const found = await roundBlocks(data, rows, columns, blockFit, undefined);
    const wanted = roundToGrid(data, grid);
    expect(found.grid).toEqual(wanted.grid);
    expect(Buffer.compare(Buffer.from(found.codes), Buffer.from(wanted.codes))).toBe(0);
  });
});
