import { isaInfo, setThreads } from '../isa-info.js';
import { choleskyAsync, columnsByEnergy, inverseAsync, permuteSymmetric, reverseCholeskyAsync } from './factor.js';
import { type BlockFit, type ColumnMask, type ColumnProblem, solveColumnsAsync } from './solve-columns.js';
import { solveRowsAsync } from './solve-rows.js';
import type { SolverGrid } from './solver-grid.js';
import { correlatedMoment, randomFloats } from './testing/random-matrix.js';
import { nearest, outputErrors, referenceSolve, spanningGrid } from './testing/reference-solver.js';

// More than one tile of rows, one panel of columns; neither divides.
const [rows, columns] = [70, 110];
const w = randomFloats(rows * columns, 3);
const moment = correlatedMoment(columns, 300, 4);
const affine = spanningGrid(w, columns, 32, 8);
const levels: SolverGrid = {
  ...{ kind: 'levels', rows, columns, blockSize: columns, tables: 1 },
  levels: Float32Array.of(-1, -0.5, -0.2, 0, 0.1, 0.4, 1),
  scales: new Float32Array(rows).fill(2.5),
};
const byRow: SolverGrid = {
  ...{ kind: 'levels', rows, columns, blockSize: 16, tables: rows },
  levels: Float32Array.from({ length: rows * 4 }, (_, i) => [-1.4, -0.3, 0.4, 1.6][i % 4]! + Math.floor(i / 4) / 100),
  scales: new Float32Array(rows * Math.ceil(columns / 16)).fill(1.25),
};
let damped: Float64Array;
let problem: ColumnProblem;
/** The factor of the papers, by two factorizations and an inverse. */
let u: Float64Array;

beforeAll(async () => {
  const { r, lambda } = await reverseCholeskyAsync(moment, columns);
  damped = moment.slice();
  for (let i = 0; i < columns; i++) damped[i * columns + i]! += lambda;
  problem = { w, rows, columns, r };
  u = await choleskyAsync(await inverseAsync(damped, columns), columns);
});

/** The most by which sums of `columns` terms in two orders may differ, beside the terms; a generous factor for the growth of errors. */
const CLOSE = 1e-10;

async function compare(
  changed: Partial<ColumnProblem>,
  found?: SolverGrid & { kind: 'affine' },
  factor = u,
): Promise<void> {
  const all = { ...problem, ...changed };
  const solution = await solveColumnsAsync(all);
  const expected = referenceSolve(all, factor, found);
  const hasGrid = all.grid !== undefined || found !== undefined;
  if (hasGrid) {
    expect(Array.from(solution.codes!)).toEqual(Array.from(expected.codes));
    expect(solution.weights).toEqual(expected.weights);
  } else {
    // Free values: the last bit of a float may fall either way.
    const off = solution.weights.map(
      (value, i) => Math.abs(value - expected.weights[i]!) / Math.max(Math.abs(value), 1e-3),
    );
    expect(Math.max(...off)).toBeLessThanOrEqual(2 ** -23);
  }
  if (all.mask !== undefined) expect(solution.kept).toEqual(expected.kept);
  if (found !== undefined) expect(solution.grid).toEqual(found);
  const off = solution.losses.map((loss, row) => Math.abs(loss / expected.losses[row]! - 1));
  expect(Math.max(...off)).toBeLessThan(CLOSE);
}

const masks: Readonly<Record<string, ColumnMask>> = {
  'a share': { kind: 'share', sparsity: 0.6, blockSize: 48 },
  '2:4': { kind: 'groups', keep: 2, blockSize: 4 },
  '3 of 10': { kind: 'groups', keep: 3, blockSize: 10 },
  given: { kind: 'given', kept: Uint8Array.from({ length: rows * columns }, (_, i) => ((i * 7) % 5) % 2) },
};

describe('solveColumnsAsync is what a plain implementation in float64 gives', () => {
  test.each([
    ['affine', affine],
    ['levels', levels],
    ['levels of each row', byRow],
  ])('on a grid: %s', async (_, grid) => compare({ grid }));

  test.each(Object.entries(masks))('with a mask: %s', async (_, mask) => compare({ mask }));
  test.each(Object.entries(masks))('with a mask and a grid: %s', async (_, mask) => compare({ mask, grid: affine }));

  test('with the columns of most energy first', async () => {
    const order = columnsByEnergy(moment, columns);
    const { r } = await reverseCholeskyAsync(permuteSymmetric(moment, order), columns);
    const ordered = await choleskyAsync(await inverseAsync(permuteSymmetric(damped, order), columns), columns);
    await compare({ r, order, grid: affine }, undefined, ordered);
    await compare({ r, order, grid: affine, mask: masks['a share']! }, undefined, ordered);
  });

  const importance = Float64Array.from({ length: columns }, (_, i) => 1 + (i % 7) ** 2);
  const clip = { steps: 8, min: 0.6 };
  const fits: Readonly<Record<string, BlockFit>> = {
    asymmetric: { bits: 3, blockSize: 32, mapping: 'asymmetric', isSigned: false },
    'a scale a row': { bits: 4, blockSize: 200, mapping: 'asymmetric', isSigned: true, clip },
    symmetric: { bits: 3, blockSize: 16, mapping: 'symmetric', isSigned: true, clip },
    'symmetric, restricted': {
      bits: 3,
      blockSize: 24,
      mapping: 'symmetric',
      range: 'restricted',
      isSigned: false,
      clip,
    },
    weighed: { bits: 2, blockSize: 32, mapping: 'asymmetric', isSigned: false, clip, importance },
    'symmetric, weighed': {
      bits: 3,
      blockSize: 8,
      mapping: 'symmetric',
      range: 'restricted',
      isSigned: true,
      clip,
      importance,
    },
  };
  test.each(Object.entries(fits))('with scales found on the way: %s', async (_, fit) => {
    const blocks = rows * Math.ceil(columns / fit.blockSize);
    const lowest = (fit.isSigned ? -(2 ** (fit.bits - 1)) : 0) + Number(fit.range === 'restricted');
    const found: SolverGrid & { kind: 'affine' } = {
      ...{ kind: 'affine', rows, columns, blockSize: fit.blockSize, quantMin: lowest },
      quantMax: 2 ** (fit.bits - 1) - 1 + (fit.isSigned ? 0 : 2 ** (fit.bits - 1)),
      ...{ scales: new Float32Array(blocks), zeroPoints: new Float32Array(blocks) },
    };
    await compare({ fit }, found);
    await compare({ fit, mask: { kind: 'groups', keep: 1, blockSize: 2 } }, found);
    await compare({ fit, mask: { kind: 'share', sparsity: 0.5, blockSize: 2 * fit.blockSize } }, found);
  });
});

test('in a fixed order OBQ is GPTQ: the same codes, the same losses', async () => {
  const inverse = await inverseAsync(damped, columns);
  for (const grid of [affine, levels]) {
    const gptq = await solveColumnsAsync({ ...problem, grid });
    const obq = await solveRowsAsync({ w, rows, columns, inverse, grid, order: 'columns' });
    expect(obq.codes).toEqual(gptq.codes);
    const sums = gptq.losses.map((_, row) =>
      obq.losses.subarray(row * columns, (row + 1) * columns).reduce((sum, loss) => sum + loss, 0),
    );
    expect(Math.max(...sums.map((sum, row) => Math.abs(sum / gptq.losses[row]! - 1)))).toBeLessThan(CLOSE);
  }
});

test('losses are the error of the output, which is below that of the nearest values', async () => {
  const { weights, losses } = await solveColumnsAsync({ ...problem, grid: affine });
  const errors = outputErrors(w, weights, damped, columns);
  expect(Math.max(...errors.map((error, row) => Math.abs(error / losses[row]! - 1)))).toBeLessThan(CLOSE);
  const rounded = w.map((value, i) => nearest(affine, Math.floor(i / columns), i % columns, value).value);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  // A third of it on data this correlated; that it is less at all is what must hold.
  expect(sum(losses)).toBeLessThan(0.7 * sum(outputErrors(w, rounded, damped, columns)));
});

test('the same bits at every number of threads', async () => {
  const { threads } = isaInfo();
  const solve = async (count: number): Promise<unknown> => {
    setThreads(count);
    return solveColumnsAsync({ ...problem, grid: affine, mask: masks['a share']! });
  };
  const one = await solve(1);
  expect(await solve(3)).toEqual(one);
  setThreads(threads);
});

test('wrong arguments are refused, an aborted call rejects', async () => {
  const refuse = async (changed: Partial<ColumnProblem>, code: string): Promise<void> =>
    expect(solveColumnsAsync({ ...problem, ...changed })).rejects.toThrow(expect.objectContaining({ code }) as Error);
  const fit: BlockFit = { bits: 4, blockSize: 32, mapping: 'asymmetric', isSigned: false };
  const order = new Int32Array(columns);
  await refuse({ w: w.subarray(1) }, 'ERR_WRONG_LENGTH');
  await refuse({ r: new Float64Array(3) }, 'ERR_WRONG_LENGTH');
  await refuse({ order }, 'ERR_BAD_OPTION');
  await refuse({ fit, grid: affine }, 'ERR_BAD_OPTION');
  await refuse({ fit, order }, 'ERR_BAD_OPTION');
  await refuse({ fit, mask: { kind: 'groups', keep: 2, blockSize: 5 } }, 'ERR_BAD_OPTION');
  await refuse({ mask: { kind: 'groups', keep: 5, blockSize: 4 } }, 'ERR_BAD_OPTION');
  await refuse({ mask: { kind: 'share', sparsity: 1.5, blockSize: 4 } }, 'ERR_BAD_OPTION');
  await refuse({ grid: { ...affine, scales: new Float32Array(affine.scales.length) } }, 'ERR_BAD_SCALE');
  await refuse({ grid: { ...affine, rows: 3 } }, 'ERR_BAD_OPTION');
  await refuse({ grid: affine, w: w.map(() => NaN) }, 'ERR_NOT_FINITE');
  const reason = new Error('enough');
  await expect(solveColumnsAsync(problem, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
