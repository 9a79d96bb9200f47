import * as fc from 'fast-check';
import type { WeightMatrix } from '@gossamer/graph';
import { dampedMoment } from '@gossamer/kernels';
import { FISHER_BLOCK, FISHER_DAMPING, InverseFisher } from '../gradients/inverse-fisher.js';
import { obs as criterion } from '../criteria/obs.js';
import { DAMPING } from '../criteria/damping.js';
import { constrainedLeastSquares, quadratic } from '../testing/least-squares.js';
import { obs } from './obs.js';
import { sparsegpt } from './sparsegpt.js';
import type { Removal, UpdatedWeight } from './update.js';
import { updateByFisher } from './woodfisher.js';

const numbers = (length: number, phase: number) =>
  Float64Array.from({ length }, (_, i) => Math.sin(1.3 * i * i + phase) + Math.cos(0.7 * i + 2 * phase));
const [groups, rows, columns] = [2, 4, 22];
const data = Float32Array.from(numbers(groups * rows * columns, 1));
const matrix: WeightMatrix = { groups, rows, columns, taps: 1, isTransposed: false, data };
/** Mean of x xᵀ over 40 vectors, whose elements go together. */
const second = Array.from({ length: groups }, (_, group) => {
  const x = numbers(40 * columns, 3 + group).map((value, i) => value + Math.sin(Math.floor(i / columns)));
  return Float64Array.from({ length: columns * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Array.from({ length: 40 }, (_, n) => x[n * columns + i]! * x[n * columns + j]!).reduce((a, b) => a + b) / 40;
  });
});
const damped = second.map((own) => dampedMoment(own, columns, DAMPING));
const rowOf = (values: ArrayLike<number>, row: number) =>
  Array.from({ length: columns }, (_, j) => values[row * columns + j]!);
/** The float results are a rounding away from those in float64. */
const rounding = (value: number) => 2 ** -24 * Math.abs(value) + 1e-9;

/** `passed`: how many roundings a weight may have made up for. */
function expectOptimal({ data: found, kept, loss }: UpdatedWeight, passed = 1): void {
  let total = 0;
  for (let row = 0; row < groups * rows; row++) {
    const gone = rowOf(kept, row).flatMap((keep, j) => (keep === 0 ? [j] : []));
    const expected = constrainedLeastSquares(rowOf(data, row), gone, damped[Math.floor(row / rows)]!);
    const largest = Math.max(...expected.w.map(Math.abs));
    rowOf(found, row).forEach((value, j) =>
      expect(Math.abs(value - expected.w[j]!)).toBeLessThanOrEqual(passed * rounding(largest)),
    );
    total += expected.loss;
  }
  expect(Math.abs(loss - total)).toBeLessThanOrEqual(1e-9 * Math.max(1, total));
}

const zerosOf = (kept: Uint8Array) => kept.reduce((sum, keep) => sum + 1 - keep, 0);

test.each<[string, Removal]>([
  ['what is given', { kind: 'given', kept: Uint8Array.from(data, (_, i) => ((i * 5 + (i >> 3)) % 3) & 1) }],
  ['a count', { kind: 'count', kept: 90 }],
  ['2:4, the last group shorter', { kind: 'groups', keep: 2, group: 4 }],
  ['nothing', { kind: 'count', kept: data.length }],
  ['everything', { kind: 'count', kept: 0 }],
])('OBS is least squares under the constraint, and says what it costs: %s', async (_, removal) => {
  const found = await obs.solve({ matrix, second, removal });
  if (removal.kind === 'count') expect(zerosOf(found.kept)).toBe(data.length - removal.kept);
  if (removal.kind === 'given') expect(found.kept).toEqual(removal.kept);
  if (removal.kind === 'groups') {
    for (let row = 0; row < groups * rows; row++)
      for (let j = 0; j < columns; j += 4)
        expect(
          rowOf(found.kept, row)
            .slice(j, j + 4)
            .reduce((a, b) => a + b),
        ).toBe(Math.ceil((2 * Math.min(4, columns - j)) / 4));
  }
  expectOptimal(found);
});

test('OBS: the first to go is the one of least score, and what the layer loses is the score', async () => {
  const scores = await criterion.score({ data: data.subarray(0, columns), rows: 1, columns, second: second[0]! });
  const one = { groups: 1, rows: 1, columns, taps: 1, isTransposed: false, data: data.subarray(0, columns) };
  const found = await obs.solve({ matrix: one, second, removal: { kind: 'count', kept: columns - 1 } });
  const least = scores.indexOf(Math.min(...scores));
  expect(found.kept.indexOf(0)).toBe(least);
  expect(Math.abs(found.loss - scores[least]!)).toBeLessThanOrEqual(1e-9 * scores[least]!);
  // Any other one, by itself.
  for (let j = 0; j < columns; j++) {
    const { loss } = constrainedLeastSquares(rowOf(data, 0), [j], damped[0]!);
    expect(Math.abs(loss - scores[j]!)).toBeLessThanOrEqual(1e-9 * loss);
  }
});

test('SparseGPT: nothing goes, nothing changes; what it says it costs is what the layer loses', async () => {
  const still = await sparsegpt.solve({ matrix, second, removal: { kind: 'count', kept: data.length } });
  expect([still.data, still.loss, zerosOf(still.kept)]).toEqual([data, 0, 0]);
  for (const removal of [
    { kind: 'count', kept: 88 },
    { kind: 'groups', keep: 2, group: 4 },
    { kind: 'given', kept: Uint8Array.from(data, (_, i) => (i % 5 > 1 ? 1 : 0)) },
  ] as const) {
    const found = await sparsegpt.solve({ matrix, second, removal });
    let total = 0;
    for (let row = 0; row < groups * rows; row++) {
      const error = rowOf(data, row).map((value, j) => value - found.data[row * columns + j]!);
      total += quadratic(error, damped[Math.floor(row / rows)]!);
    }
    // Weights are rounded to floats, and the loss is of what they are rounded to.
    expect(Math.abs(found.loss - total)).toBeLessThanOrEqual(1e-9 * total);
    found.data.forEach((value, i) => expect(value === 0).toBe(found.kept[i] === 0));
    const exact = await obs.solve({ matrix, second, removal: { kind: 'given', kept: found.kept } });
    expect(exact.loss).toBeLessThanOrEqual(found.loss * (1 + 1e-9));
    const alone = Array.from({ length: groups * rows }, (_, row) =>
      quadratic(
        rowOf(data, row).map((value, j) => (found.kept[row * columns + j] === 1 ? 0 : value)),
        damped[Math.floor(row / rows)]!,
      ),
    ).reduce((a, b) => a + b);
    expect(found.loss).toBeLessThan(alone);
  }
});

test('SparseGPT: with the columns that go at the left it is least squares too, as all others are still to come', async () => {
  const kept = Uint8Array.from(data, (_, i) => (i % columns < 6 ? 0 : 1));
  // Each column that is rounded to float is made up for by those behind it.
  expectOptimal(await sparsegpt.solve({ matrix, second, removal: { kind: 'given', kept } }), columns);
});

test('the inverse Fisher information is that of its definition; the update the constrained minimum of the quadratic', () => {
  const length = FISHER_BLOCK + 7;
  const samples = 9;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), (phase) => {
      const gradients = Array.from({ length: samples }, (_, n) => Float32Array.from(numbers(length, phase + n)));
      const lambda = FISHER_DAMPING;
      const fisher = new InverseFisher(length, lambda, samples);
      for (const gradient of gradients) fisher.add(gradient);
      const w = Float32Array.from(numbers(length, phase / 7));
      const kept = Uint8Array.from(w, (_, i) => ((i + phase) % 3 === 0 ? 0 : 1));
      const found = updateByFisher(w, kept, fisher);
      let total = 0;
      for (let first = 0; first < length; first += FISHER_BLOCK) {
        const size = Math.min(FISHER_BLOCK, length - first);
        const f = Float64Array.from({ length: size * size }, (_, at) => {
          const [i, j] = [Math.floor(at / size), at % size];
          const mean = gradients.reduce((sum, g) => sum + g[first + i]! * g[first + j]!, 0) / samples;
          return mean + (i === j ? lambda : 0);
        });
        // F times its inverse is I.
        let off = 0;
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            let product = i === j ? -1 : 0;
            for (let k = 0; k < size; k++) product += f[i * size + k]! * fisher.between(first + k, first + j);
            off = Math.max(off, Math.abs(product));
          }
        }
        expect(off).toBeLessThan(1e-9);
        const own = Array.from(w.subarray(first, first + size));
        const gone = own.flatMap((_, i) => (kept[first + i] === 0 ? [i] : []));
        const expected = constrainedLeastSquares(own, gone, f);
        expected.w.forEach((value, i) =>
          expect(Math.abs(found.data[first + i]! - value)).toBeLessThanOrEqual(rounding(value)),
        );
        total += expected.loss / 2;
      }
      expect(Math.abs(found.loss - total)).toBeLessThanOrEqual(1e-9 * Math.max(1, total));
    }),
    { numRuns: 3 },
  );
});
