import { isaInfo, setThreads } from '../isa-info.js';
import { addGram, addGramAsync, mirrorUpper } from './gram.js';
import { randomFloats } from './testing/random-matrix.js';

/** The sum of x yᵀ in float64, and that of the magnitudes. */
function reference(x: Float32Array, y: Float32Array, columns: number): [Float64Array, Float64Array] {
  const [sum, magnitude] = [new Float64Array(columns ** 2), new Float64Array(columns ** 2)];
  for (let v = 0; v < x.length; v += columns) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) {
        const product = x[v + i]! * y[v + j]!;
        sum[i * columns + j]! += product;
        magnitude[i * columns + j]! += Math.abs(product);
      }
    }
  }
  return [sum, magnitude];
}

describe('addGram', () => {
  const columns = 50;
  const x = randomFloats(300 * columns, 1);
  const y = randomFloats(300 * columns, 2);

  test('sums x xᵀ in the upper triangle, x yᵀ everywhere, call after call', () => {
    for (const other of [undefined, y]) {
      const sums = new Float64Array(columns ** 2);
      const half = 130 * columns;
      for (const [first, end] of [
        [0, half],
        [half, x.length],
      ] as const) {
        const vectors = { x: x.subarray(first, end), columns };
        addGram(other === undefined ? vectors : { ...vectors, y: other.subarray(first, end) }, sums);
      }
      if (other === undefined) {
        expect(sums[columns]).toBe(0);
        mirrorUpper(sums, columns);
      }
      const [expected, magnitude] = reference(x, other ?? x, columns);
      // native/linalg/gram.h; the sums in float64 are far nearer.
      const isClose = sums.map((sum, i) => Number(Math.abs(sum - expected[i]!) <= 2 ** -16 * magnitude[i]!));
      expect(isClose.every((close) => close === 1)).toBe(true);
    }
  });

  test('the same bits at every number of threads, also asynchronously', async () => {
    const [one, three] = [new Float64Array(columns ** 2), new Float64Array(columns ** 2)];
    const { threads } = isaInfo();
    setThreads(1);
    addGram({ x, columns }, one);
    setThreads(3);
    await addGramAsync({ x, columns }, three);
    setThreads(threads);
    expect(three).toEqual(one);
  });

  test('wrong lengths and types are refused, an aborted call rejects', async () => {
    const sums = new Float64Array(columns ** 2);
    const code = (error: string): Error => expect.objectContaining({ code: error }) as Error;
    expect(() => addGram({ x, columns: 7 }, sums)).toThrow(code('ERR_WRONG_LENGTH'));
    expect(() => addGram({ x, columns }, new Float64Array(3))).toThrow(code('ERR_WRONG_LENGTH'));
    expect(() => addGram({ x, columns, y: y.subarray(1) }, sums)).toThrow(code('ERR_WRONG_LENGTH'));
    expect(() => addGram({ x, columns: 0 }, sums)).toThrow(code('ERR_BAD_OPTION'));
    expect(() => addGram({ x: [1] as unknown as Float32Array, columns: 1 }, sums)).toThrow(code('ERR_WRONG_TYPE'));
    const reason = new Error('enough');
    await expect(addGramAsync({ x, columns }, sums, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

test('mirrorUpper makes a matrix symmetric', () => {
  const n = 71;
  const matrix = Float64Array.from({ length: n * n }, (_, i) => i);
  mirrorUpper(matrix, n);
  const expected = matrix.map((_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Math.min(i, j) * n + Math.max(i, j);
  });
  expect(matrix).toEqual(expected);
});
