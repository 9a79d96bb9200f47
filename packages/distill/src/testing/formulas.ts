/** Formulas of the papers in float64, one row at a time: what the losses are held to. */

/** softmax(z / T). */
export function softmax(z: readonly number[], temperature = 1): number[] {
  const most = Math.max(...z);
  const e = z.map((x) => Math.exp((x - most) / temperature));
  const total = sum(e);
  return e.map((x) => x / total);
}

export const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);

export const mean = (x: readonly number[]): number => sum(x) / x.length;

export const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((x, i) => x * b[i]!));

/** KL(p || q). */
export const kl = (p: readonly number[], q: readonly number[]): number =>
  sum(p.map((x, i) => (x === 0 ? 0 : x * Math.log(x / q[i]!))));

/** Pearson's correlation. */
export function pearson(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((v) => v.map((item) => item - mean(v))) as [number[], number[]];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

export const huber = (x: number): number => (Math.abs(x) <= 1 ? (x * x) / 2 : Math.abs(x) - 0.5);

/** The rows of a matrix of `width` columns. */
export const rows = (data: readonly number[], width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, r) => data.slice(r * width, (r + 1) * width));

/** The columns of rows. */
export const columns = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix[0]!.map((_, c) => matrix.map((row) => row[c]!));
