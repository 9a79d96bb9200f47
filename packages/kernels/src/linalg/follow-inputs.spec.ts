import { isaInfo, setThreads } from '../isa-info.js';
import { inverseAsync, reverseCholeskyAsync } from './factor.js';
import { followInputsAsync } from './follow-inputs.js';
import { addGram, mirrorUpper } from './gram.js';
import { randomFloats } from './testing/random-matrix.js';

/** Moments of inputs and of what they drifted from. */
async function drifted(columns: number) {
  const count = 3 * columns;
  const x = randomFloats(count * columns, 1);
  const noise = randomFloats(count * columns, 2);
  const float = x.map((value, i) => value + 0.3 * noise[i]!);
  const [second, cross] = [new Float64Array(columns ** 2), new Float64Array(columns ** 2)];
  addGram({ x, columns }, second);
  mirrorUpper(second, columns);
  addGram({ x: float, y: x, columns }, cross);
  const { r, lambda } = await reverseCholeskyAsync(second, columns);
  for (let i = 0; i < columns; i++) second[i * columns + i]! += lambda;
  const inverse = await inverseAsync(second, columns);
  for (let i = 0; i < columns; i++) second[i * columns + i]! -= lambda;
  return { second, cross, r, inverse };
}

/** w + w (cross - second) inverse in float64, and the sum of the magnitudes. */
function reference(
  w: Float32Array,
  columns: number,
  { second, cross, inverse }: Record<'second' | 'cross' | 'inverse', Float64Array>,
) {
  const product = (a: ArrayLike<number>, b: ArrayLike<number>, rows: number, magnitude: boolean) => {
    const out = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      for (let p = 0; p < columns; p++) {
        for (let c = 0; c < columns; c++) {
          const value = a[r * columns + p]! * b[p * columns + c]!;
          out[r * columns + c]! += magnitude && value < 0 ? -value : value;
        }
      }
    }
    return out;
  };
  const rows = w.length / columns;
  const drift = cross.map((value, i) => value - second[i]!);
  const change = product(product(w, drift, rows, false), inverse, rows, false);
  const size = product(product(w, drift, rows, true), inverse, rows, true);
  return { wanted: change.map((value, i) => value + w[i]!), size };
}

describe('followInputsAsync', () => {
  test.each([
    [70, 130],
    [3, 97],
    [65, 1],
  ])('[%i, %i] is w + w (cross - second) H^-1', async (rows, columns) => {
    const moments = await drifted(columns);
    const w = randomFloats(rows * columns, 3);
    const found = await followInputsAsync({ w, rows, columns, ...moments });
    const { wanted, size } = reference(w, columns, moments);
    // float32 of the result, and sums of some hundred products in float64, with an inverse found in another way: 2^-40 of the magnitudes is far more.
    const isClose = wanted.map((value, i) => {
      const distance = value - found[i]!;
      const bound = 2 ** -24 * (value < 0 ? -value : value) + 2 ** -40 * size[i]! + 2 ** -149;
      return Number((distance < 0 ? -distance : distance) <= bound);
    });
    expect(isClose.every((close) => close === 1)).toBe(true);
  });

  test('inputs that did not drift leave the weights, bit for bit', async () => {
    const moments = await drifted(40);
    const w = randomFloats(5 * 40, 4);
    expect(await followInputsAsync({ w, rows: 5, columns: 40, ...moments, cross: moments.second })).toEqual(w);
  });

  test('the same bits at every number of threads', async () => {
    const moments = await drifted(100);
    const problem = { w: randomFloats(200 * 100, 5), rows: 200, columns: 100, ...moments };
    const { threads } = isaInfo();
    setThreads(1);
    const one = await followInputsAsync(problem);
    setThreads(3);
    const three = await followInputsAsync(problem);
    setThreads(threads);
    expect(three).toEqual(one);
  });

  test('wrong lengths are refused, an aborted call rejects', async () => {
    const square = new Float64Array(4);
    const problem = { w: new Float32Array(6), rows: 3, columns: 2, second: square, cross: square, r: square };
    await expect(followInputsAsync({ ...problem, cross: new Float64Array(3) })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }) as Error,
    );
    await expect(followInputsAsync(problem, { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
