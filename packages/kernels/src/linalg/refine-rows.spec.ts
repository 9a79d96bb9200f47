import { setThreads } from '../isa-info.js';
import { dampedMoment } from './damped-moment.js';
import { type RefineProblem, refineRowsAsync } from './refine-rows.js';
import { inverseAsync } from './factor.js';
import { solveRowsAsync } from './solve-rows.js';
import { correlatedMoment, randomFloats } from './testing/random-matrix.js';

// More than one tile of rows, one panel of columns; neither divides.
const [rows, columns] = [70, 110];
const w = randomFloats(rows * columns, 3);
const moment = dampedMoment(correlatedMoment(columns, 300, 4), columns, 0.01);
const kept = Uint8Array.from({ length: rows * columns }, (_, i) => Number((i * 7) % 5 > 1));
const weights = w.map((value, i) => value * kept[i]!);
const problem: RefineProblem = { w, weights, kept, rows, columns, moment, sweeps: 3 };

const lossOf = (row: number, changed: ArrayLike<number>): number => {
  const d = Array.from({ length: columns }, (_, c) => w[row * columns + c]! - changed[row * columns + c]!);
  return d.reduce((sum, a, i) => sum + a * d.reduce((part, b, j) => part + moment[i * columns + j]! * b, 0), 0);
};

test('is Gauss-Seidel on what is kept, element by element', async () => {
  const expected = Float64Array.from(weights);
  for (let sweep = 0; sweep < 3; sweep++) {
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < columns; c++) {
        if (kept[row * columns + c] === 0) continue;
        let gradient = 0;
        for (let k = 0; k < columns; k++) {
          gradient += (w[row * columns + k]! - expected[row * columns + k]!) * moment[k * columns + c]!;
        }
        expected[row * columns + c]! += gradient / moment[c * columns + c]!;
      }
    }
  }
  const refined = await refineRowsAsync(problem);
  // One rounding to float, in either direction.
  refined.weights.forEach((value, i) =>
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(2 ** -23 * Math.max(1e-3, Math.abs(value))),
  );
  refined.losses.forEach((loss, row) => expect(loss / lossOf(row, refined.weights)).toBeCloseTo(1, 9));
  // What it was given stays.
  expect(weights).toEqual(w.map((value, i) => value * kept[i]!));
});

test('no sweep raises a loss, and many end in least squares', async () => {
  let before = (await refineRowsAsync({ ...problem, sweeps: 0 })).losses;
  for (const sweeps of [1, 2, 5]) {
    const { losses } = await refineRowsAsync({ ...problem, sweeps });
    losses.forEach((loss, row) => expect(loss).toBeLessThan(before[row]!));
    before = losses;
  }
  const inverse = await inverseAsync(moment, columns);
  const exact = await solveRowsAsync({ w, rows, columns, inverse, mask: { kind: 'given', kept } });
  const { losses, weights: limit } = await refineRowsAsync({ ...problem, sweeps: 400 });
  losses.forEach((loss, row) => expect(loss / lossOf(row, exact.weights)).toBeCloseTo(1, 6));
  expect(limit.every((value, i) => kept[i] === 1 || value === 0)).toBe(true);
});

test('what is not kept stays as it is, whatever it is', async () => {
  const other = weights.map((value, i) => (kept[i] === 0 ? 0.25 : value));
  const { weights: refined } = await refineRowsAsync({ ...problem, weights: other });
  expect(refined.every((value, i) => kept[i] === 1 || value === 0.25)).toBe(true);
});

test('the same bits at every number of threads; wrong arguments, an aborted call', async () => {
  setThreads(1);
  const one = await refineRowsAsync(problem);
  setThreads(4);
  expect(await refineRowsAsync(problem)).toEqual(one);
  const refuse = (changed: Partial<RefineProblem>, code: string) =>
    expect(refineRowsAsync({ ...problem, ...changed })).rejects.toThrow(expect.objectContaining({ code }) as Error);
  await refuse({ moment: new Float64Array(2) }, 'ERR_WRONG_LENGTH');
  await refuse({ kept: new Uint8Array(2) }, 'ERR_WRONG_LENGTH');
  await refuse({ weights: new Float32Array(2) }, 'ERR_WRONG_LENGTH');
  await refuse({ sweeps: -1 }, 'ERR_BAD_OPTION');
  await refuse({ w: w.map(() => NaN) }, 'ERR_NOT_FINITE');
  const reason = new Error('enough');
  await expect(refineRowsAsync(problem, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(
    (
      await refineRowsAsync({
        ...problem,
        w: new Float32Array(0),
        weights: new Float32Array(0),
        kept: new Uint8Array(0),
        rows: 0,
      })
    ).losses,
  ).toHaveLength(0);
});
