import { inverseAsync } from './factor.js';
import { type RowProblem, shareRemovals, solveRowsAsync } from './solve-rows.js';
import { correlatedMoment, randomFloats } from './testing/random-matrix.js';
import { nearest, outputErrors, spanningGrid } from './testing/reference-solver.js';

const [rows, columns] = [5, 40];
const w = randomFloats(rows * columns, 5);
const moment = correlatedMoment(columns, 200, 6);
const grid = spanningGrid(w, columns, 16, 4);
let inverse: Float64Array;

beforeAll(async () => {
  inverse = await inverseAsync(moment, columns);
});

/** x of A x = b, A [n, n], by Gaussian elimination; A and b are used up. */
function solve(a: number[][], b: number[]): number[] {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let r = i + 1; r < n; r++) {
      const factor = a[r]![i]! / a[i]![i]!;
      for (let c = i; c < n; c++) a[r]![c]! -= factor * a[i]![c]!;
      b[r]! -= factor * b[i]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = i + 1; c < n; c++) b[i]! -= a[i]![c]! * b[c]!;
    b[i]! /= a[i]![i]!;
  }
  return b;
}

/** Greedy OBS by its definition: the inverse of what is left, made anew for each step. */
function reference(row: number): { fixed: number[]; losses: number[]; weights: number[] } {
  let g = Array.from({ length: columns }, (_, i) => Array.from(inverse.subarray(i * columns, (i + 1) * columns)));
  const values = Array.from(w.subarray(row * columns, (row + 1) * columns));
  const left = new Set(values.keys());
  const [fixed, losses, weights] = [[] as number[], [] as number[], [] as number[]];
  while (left.size > 0) {
    const points = values.map((value, i) => nearest(grid, row, i, value).value);
    const cost = (i: number): number => (values[i]! - points[i]!) ** 2 / g[i]![i]!;
    const block = (i: number): number => row * Math.ceil(columns / grid.blockSize) + Math.floor(i / grid.blockSize);
    const outliers = [...left].filter(
      (i) => Math.abs(values[i]! - points[i]!) > (grid.scales[block(i)]! / 2) * (1 + 1e-6),
    );
    const among = outliers.length > 0 ? outliers : [...left];
    const p = among.reduce((best, i) => (cost(i) < cost(best) ? i : best));
    fixed.push(p);
    losses.push(cost(p));
    weights[p] = points[p]!;
    const factor = (values[p]! - points[p]!) / g[p]![p]!;
    const [of, pivot] = [g[p]!, g[p]![p]!];
    values.forEach((_, i) => (values[i]! -= factor * of[i]!));
    g = g.map((line, i) => line.map((value, j) => value - (of[i]! * of[j]!) / pivot));
    left.delete(p);
  }
  return { fixed, losses, weights };
}

test('OBQ is the greedy definition, step by step', async () => {
  const solution = await solveRowsAsync({ w, rows, columns, inverse, grid });
  for (let row = 0; row < rows; row++) {
    const expected = reference(row);
    const [first, end] = [row * columns, (row + 1) * columns];
    expect(Array.from(solution.fixed.subarray(first, end))).toEqual(expected.fixed);
    expect(Array.from(solution.weights.subarray(first, end))).toEqual(expected.weights);
    solution.losses.subarray(first, end).forEach((loss, i) => expect(loss).toBeCloseTo(expected.losses[i]!, 9));
  }
  const rounded = w.map((value, i) => nearest(grid, Math.floor(i / columns), i % columns, value).value);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const errors = outputErrors(w, solution.weights, moment, columns);
  expect(sum(errors)).toBeLessThan(0.7 * sum(outputErrors(w, rounded, moment, columns)));
  expect(sum(solution.losses) / sum(errors)).toBeCloseTo(1, 9);
});

test('the weights that are left, and the loss, are those of least squares under the constraint (group OBS)', async () => {
  const counts = Int32Array.of(0, 1, 7, 25, 40);
  const solution = await solveRowsAsync({ w, rows, columns, inverse, counts });
  for (let row = 0; row < rows; row++) {
    const removed = Array.from(solution.fixed.subarray(row * columns, row * columns + counts[row]!));
    expect(new Set(removed).size).toBe(counts[row]);
    const of = w.subarray(row * columns, (row + 1) * columns);
    const block = removed.map((i) => removed.map((j) => inverse[i * columns + j]!));
    const factors = solve(
      block,
      removed.map((i) => of[i]!),
    );
    const loss = removed.reduce((sum, i, at) => sum + of[i]! * factors[at]!, 0);
    const received = solution.losses.subarray(row * columns, (row + 1) * columns).reduce((sum, step) => sum + step, 0);
    expect(Math.abs(received - loss)).toBeLessThanOrEqual(1e-10 * Math.max(1, loss));
    for (let i = 0; i < columns; i++) {
      const expected = removed.includes(i)
        ? 0
        : removed.reduce((value, p, at) => value - inverse[i * columns + p]! * factors[at]!, of[i]!);
      // The results are floats.
      expect(Math.abs(solution.weights[row * columns + i]! - expected)).toBeLessThanOrEqual(
        2 ** -24 * Math.abs(expected) + 1e-10,
      );
    }
  }
});

test('masks: what is given stays, or so many of each block; each step takes the least loss among the others', async () => {
  const kept = Uint8Array.from({ length: rows * columns }, (_, i) => (i % 7 === 0 || i % 5 === 3 ? 1 : 0));
  const given = await solveRowsAsync({ w, rows, columns, inverse, mask: { kind: 'given', kept } });
  given.weights.forEach((value, i) => expect(value === 0).toBe(kept[i] === 0));
  for (const [keep, blockSize] of [
    [2, 4],
    [3, 7],
  ] as const) {
    const { weights, fixed, losses } = await solveRowsAsync({
      ...{ w, rows, columns, inverse },
      mask: { kind: 'groups', keep, blockSize },
    });
    for (let row = 0; row < rows; row++) {
      const room = Array.from({ length: Math.ceil(columns / blockSize) }, (_, b) => {
        const length = Math.min(blockSize, columns - b * blockSize);
        return length - Math.ceil((keep * length) / blockSize);
      });
      const expected = greedy(row, room, blockSize);
      const [first, end] = [row * columns, (row + 1) * columns];
      expect(Array.from(fixed.subarray(first, first + expected.length))).toEqual(expected.map(({ p }) => p));
      expect(Array.from(fixed.subarray(first + expected.length, end)).every((p) => p === -1)).toBe(true);
      expected.forEach(({ loss }, step) => expect(losses[first + step]).toBeCloseTo(loss, 9));
      expect(weights.subarray(first, end).filter((value) => value === 0)).toHaveLength(expected.length);
    }
  }
});

/** Greedy OBS with room for so many removals in each block, the inverse of what is left made anew for each step. */
function greedy(row: number, room: number[], blockSize: number): { p: number; loss: number }[] {
  let g = Array.from({ length: columns }, (_, i) => Array.from(inverse.subarray(i * columns, (i + 1) * columns)));
  const values = Array.from(w.subarray(row * columns, (row + 1) * columns));
  const left = new Set(values.keys());
  const steps: { p: number; loss: number }[] = [];
  for (;;) {
    const among = [...left].filter((i) => room[Math.floor(i / blockSize)]! > 0);
    if (among.length === 0) return steps;
    const cost = (i: number): number => values[i]! ** 2 / g[i]![i]!;
    const p = among.reduce((best, i) => (cost(i) < cost(best) ? i : best));
    steps.push({ p, loss: cost(p) });
    const [of, pivot] = [g[p]!, g[p]![p]!];
    const factor = values[p]! / pivot;
    values.forEach((_, i) => (values[i]! -= factor * of[i]!));
    g = g.map((line, i) => line.map((value, j) => value - (of[i]! * of[j]!) / pivot));
    left.delete(p);
    room[Math.floor(p / blockSize)]!--;
  }
}

test('what is behind the last step says so, and traces tell how many weights rows give up', async () => {
  const { losses } = await solveRowsAsync({ w, rows, columns, inverse });
  const counts = shareRemovals(losses, rows, columns, 90);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(90);
  const sum = (chosen: Int32Array): number =>
    losses.reduce((total, loss, at) => total + (at % columns < chosen[Math.floor(at / columns)]! ? loss : 0), 0);
  expect(sum(counts)).toBeLessThanOrEqual(sum(new Int32Array(rows).fill(18)));
  const { fixed, weights } = await solveRowsAsync({ w, rows, columns, inverse, counts });
  counts.forEach((count, row) => {
    expect(Array.from(fixed.subarray(row * columns + count, (row + 1) * columns)).every((p) => p === -1)).toBe(true);
    expect(weights.subarray(row * columns, (row + 1) * columns).filter((value) => value === 0)).toHaveLength(count);
  });
});

test('wrong arguments are refused, an aborted call rejects', async () => {
  const refuse = async (changed: Partial<RowProblem>, code: string): Promise<void> =>
    expect(solveRowsAsync({ w, rows, columns, inverse, ...changed })).rejects.toThrow(
      expect.objectContaining({ code }) as Error,
    );
  await refuse({ inverse: new Float64Array(2) }, 'ERR_WRONG_LENGTH');
  await refuse({ counts: new Int32Array(rows).fill(columns + 1) }, 'ERR_BAD_OPTION');
  await refuse({ counts: new Int32Array(rows), grid }, 'ERR_BAD_OPTION');
  await refuse({ mask: { kind: 'groups', keep: 2, blockSize: 4 }, grid }, 'ERR_BAD_OPTION');
  await refuse({ mask: { kind: 'groups', keep: 5, blockSize: 4 } }, 'ERR_BAD_OPTION');
  await refuse({ mask: { kind: 'given', kept: new Uint8Array(3) } }, 'ERR_WRONG_LENGTH');
  await refuse({ w: w.map(() => NaN) }, 'ERR_NOT_FINITE');
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(solveRowsAsync({ w, rows, columns, inverse }, { signal })).rejects.toBe(reason);
});
