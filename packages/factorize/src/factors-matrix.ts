import { multiplyMatrices } from '@gossamer/kernels';
import type { Factors, LayerProblem } from './methods/method.js';

/** The weight that the factors stand for, [rows, columns]. */
export function factorsMatrix(
  { last, prefix, sparse }: Factors,
  { rows, columns }: Pick<LayerProblem, 'rows' | 'columns'>,
): Float64Array {
  const product = multiplyMatrices(last.weight, prefix, rows, prefix.length / columns, columns);
  if (sparse) sparse.forEach((x, i) => (product[i]! += x));
  return product;
}
