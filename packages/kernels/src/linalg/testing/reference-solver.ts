import { quantizeBlocks } from '../../quantize-blocks.js';
import type { BlockFit, ColumnProblem } from '../solve-columns.js';
import type { SolverGrid } from '../solver-grid.js';

/** The nearest integer, ties to even. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Code and value of the grid nearest to a weight, by trying every code where there are few (levels) or by the formula (affine). */
export function nearest(grid: SolverGrid, row: number, column: number, w: number): { code: number; value: number } {
  const block = row * Math.ceil(grid.columns / grid.blockSize) + Math.floor(column / grid.blockSize);
  const scale = grid.scales[block]!;
  if (grid.kind === 'affine') {
    const { quantMin, quantMax } = grid;
    const zeroPoint = grid.zeroPoints[block]!;
    const whole = Math.min(quantMax, Math.max(quantMin, roundHalfEven(w / scale + zeroPoint)));
    return { code: whole - quantMin, value: Math.fround((whole - zeroPoint) * scale) };
  }
  const count = grid.levels.length / grid.tables;
  const table = grid.levels.subarray(grid.tables === 1 ? 0 : row * count).subarray(0, count);
  let code = 0;
  table.forEach((level, i) => {
    if (Math.abs(w / scale - level) < Math.abs(w / scale - table[code]!)) code = i;
  });
  return { code, value: Math.fround(table[code]! * scale) };
}

/** Scales and zero points of one block of a row, the search for the clip weighed by importance in float64. */
function fitBlock(x: Float32Array, fit: BlockFit, importance: Float64Array | undefined): [number, number] {
  const dtype = fit.isSigned ? 'int8' : 'uint8';
  const options = { ...fit, n: 1, k: x.length, layout: 'nk', blockSize: x.length, dtype } as const;
  if (importance === undefined) {
    const { scales, zeroPoints } = quantizeBlocks(x, options);
    return [scales[0]!, zeroPoints[0]!];
  }
  const { clip, ...unclipped } = options;
  const { scales, zeroPoints } = quantizeBlocks(x, unclipped);
  const low =
    (fit.isSigned ? -(2 ** (fit.bits - 1)) : 0) + Number(fit.mapping === 'symmetric' && fit.range === 'restricted');
  const high = 2 ** (fit.bits - 1) - 1 + (fit.isSigned ? 0 : 2 ** (fit.bits - 1));
  const [first, zeroPoint] = [scales[0]!, zeroPoints[0]!];
  let best = first;
  let least = Infinity;
  for (let step = 0; step < (clip?.steps ?? 1); step++) {
    const scale = Math.fround(first * Math.fround(1 - ((1 - Math.fround(clip!.min)) * step) / (clip!.steps - 1)));
    let error = 0;
    x.forEach((value, i) => {
      const code = Math.min(high - zeroPoint, Math.max(low - zeroPoint, roundHalfEven(value / scale)));
      error += importance[i]! * (value - Math.fround(code * scale)) ** 2;
    });
    if (error < least) [best, least] = [scale, error];
  }
  return [best, zeroPoint];
}

/** Columns of a block that go, one by one: each the one with which all that are gone cost least, w A⁻¹ wᵀ over them, A of the inverse moment of the block's first column and those behind it, uᵀ u. */
function leastOf(
  block: readonly number[],
  count: number,
  u: Float64Array,
  columns: number,
  w: (column: number) => number,
): number[] {
  const inverse = (a: number, b: number) =>
    block.reduce((sum, k) => (k <= a && k <= b ? sum + u[k * columns + a]! * u[k * columns + b]! : sum), 0);
  const cost = (set: readonly number[]) => {
    const solved = solve(
      set.map((a) => set.map((b) => inverse(a, b))),
      set.map(w),
    );
    return set.reduce((sum, column, i) => sum + w(column) * solved[i]!, 0);
  };
  const gone: number[] = [];
  while (gone.length < count) {
    const left = block.filter((column) => !gone.includes(column));
    const costs = left.map((column) => cost([...gone, column]));
    gone.push(left[costs.indexOf(Math.min(...costs))]!);
  }
  return gone;
}

/** x of a x = b, by elimination with pivots. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const best = rows.slice(i).reduce((at, row, k) => (Math.abs(row[i]!) > Math.abs(rows[at]![i]!) ? i + k : at), i);
    [rows[i], rows[best]] = [rows[best]!, rows[i]!];
    for (const row of rows) {
      if (row === rows[i]) continue;
      const factor = row[i]! / rows[i]![i]!;
      for (let k = i; k <= rows.length; k++) row[k]! -= factor * rows[i]![k]!;
    }
  }
  return rows.map((row, i) => row[rows.length]! / row[i]!);
}

/**
 * What `solveColumnsAsync` does, as the papers have it: one column after the other, nothing put off, with u of the inverse uᵀ u. Fills the scales of
 * `found`.
 */
export function referenceSolve(problem: ColumnProblem, u: Float64Array, found?: SolverGrid & { kind: 'affine' }) {
  const { w, rows, columns, order, mask, fit } = problem;
  const grid = found ?? problem.grid;
  const values = Float64Array.from(w);
  const kept = mask?.kind === 'given' ? mask.kept : new Uint8Array(w.length).fill(1);
  const codes = new Uint16Array(w.length);
  const weights = new Float32Array(w.length);
  const losses = new Float64Array(rows);
  const columnOf = (j: number): number => order?.[j] ?? j;
  const score = (row: number, j: number): number => (values[row * columns + columnOf(j)]! / u[j * columns + j]!) ** 2;
  const allRows = Array.from({ length: rows }, (_, row) => row);
  for (let j = 0; j < columns; j++) {
    if (fit !== undefined && j % fit.blockSize === 0) {
      const end = Math.min(columns, j + fit.blockSize);
      for (const row of allRows) {
        const block = Float32Array.from(values.subarray(row * columns + j, row * columns + end));
        const at = row * Math.ceil(columns / fit.blockSize) + j / fit.blockSize;
        [found!.scales[at], found!.zeroPoints[at]] = fitBlock(block, fit, fit.importance?.subarray(j, end));
      }
    }
    if (mask !== undefined && mask.kind !== 'given' && j % mask.blockSize === 0) {
      const width = Math.min(columns, j + mask.blockSize) - j;
      const block = Array.from({ length: width }, (_, c) => j + c);
      if (mask.kind === 'share') {
        const places = allRows.flatMap((row) => block.map((at) => ({ row, j: at, score: score(row, at) })));
        places.sort((a, b) => a.score - b.score || a.row - b.row || a.j - b.j);
        for (const place of places.slice(0, Math.floor(mask.sparsity * places.length)))
          kept[place.row * columns + columnOf(place.j)] = 0;
      } else {
        const removed = width - Math.ceil((mask.keep * width) / mask.blockSize);
        for (const row of allRows) {
          for (const at of leastOf(block, removed, u, columns, (c) => values[row * columns + c]!))
            kept[row * columns + at] = 0;
        }
      }
    }
    for (const row of allRows) {
      const at = row * columns + columnOf(j);
      const wanted = kept[at] === 0 ? 0 : values[at]!;
      const point =
        grid === undefined ? { code: 0, value: Math.fround(wanted) } : nearest(grid, row, columnOf(j), wanted);
      codes[at] = point.code;
      weights[at] = point.value;
      const error = (values[at]! - point.value) / u[j * columns + j]!;
      losses[row]! += error * error;
      for (let k = j + 1; k < columns; k++) values[row * columns + columnOf(k)]! -= error * u[j * columns + k]!;
    }
  }
  return { codes, weights, kept, losses };
}

/** The rows of d M dᵀ, d = a - b. */
export function outputErrors(a: Float32Array, b: Float32Array, moment: Float64Array, columns: number): Float64Array {
  return Float64Array.from({ length: a.length / columns }, (_, row) => {
    const d = Float64Array.from({ length: columns }, (_, c) => a[row * columns + c]! - b[row * columns + c]!);
    let sum = 0;
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) sum += d[i]! * moment[i * columns + j]! * d[j]!;
    }
    return sum;
  });
}

/** A grid of `levels` integers whose blocks span their weights. */
export function spanningGrid(
  w: Float32Array,
  columns: number,
  blockSize: number,
  levels: number,
): SolverGrid & { kind: 'affine' } {
  const rows = w.length / columns;
  const blocks = Math.ceil(columns / blockSize);
  const [scales, zeroPoints] = [new Float32Array(rows * blocks), new Float32Array(rows * blocks)];
  for (let at = 0; at < rows * blocks; at++) {
    const first = Math.floor(at / blocks) * columns + (at % blocks) * blockSize;
    const end = Math.min(first + blockSize, (Math.floor(at / blocks) + 1) * columns);
    const block = w.subarray(first, end);
    const low = Math.min(0, ...block);
    scales[at] = (Math.max(0, ...block) - low) / (levels - 1);
    zeroPoints[at] = Math.round(-low / scales[at]!);
  }
  return { kind: 'affine', rows, columns, blockSize, scales, zeroPoints, quantMin: 0, quantMax: levels - 1 };
}
