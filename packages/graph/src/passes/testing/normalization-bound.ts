import { Tensor } from '../../ir/tensor.js';

export interface NormalizationRow {
  /** Elements normalised together: the last of x. */
  readonly width: number;
  readonly epsilon: number;
  /** Default ones and zeros. */
  readonly scale?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
  /** Unit roundoff; default 2^-24. */
  readonly u?: number;
}

/** What fuse-layer-normalization states: twice |scale|·((N+10)·u·E|x|/s + |x - mean|/s·((N+4)·u·E[x²]/s² + 10u)) + 4u·|y|. */
export function normalizationBound(x: Tensor, { width, epsilon, scale, bias, u = 2 ** -24 }: NormalizationRow): Tensor {
  const data = x.toFloat64();
  const [factors, addends] = [scale?.toFloat64(), bias?.toFloat64()];
  const result = new Float64Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    const values = [...data.subarray(row, row + width)];
    const mean = (f: (value: number) => number) => values.reduce((sum, value) => sum + f(value), 0) / width;
    const middle = mean((value) => value);
    const s = Math.sqrt(mean((value) => (value - middle) ** 2) + epsilon);
    values.forEach((value, i) => {
      const [g, b] = [factors?.[i] ?? 1, addends?.[i] ?? 0];
      const d = Math.abs(value - middle) / s;
      const spread =
        ((width + 10) * u * mean(Math.abs)) / s + d * (((width + 4) * u * mean((v) => v * v)) / s ** 2 + 10 * u);
      result[row + i] = 2 * (Math.abs(g) * spread + 2 * u * (Math.abs(g) * d + Math.abs(b)));
    });
  }
  return Tensor.of('float64', x.dims, result);
}
