import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';

/** Determinant of a row-major n x n matrix, which is overwritten. Gaussian elimination with partial pivoting, in double. */
function eliminate(a: Float64Array, n: number): number {
  let result = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(a[row * n + column]!) > Math.abs(a[pivot * n + column]!)) pivot = row;
    }
    const head = a[pivot * n + column]!;
    if (head === 0) return 0;
    if (pivot !== column) {
      result = -result;
      const kept = a.slice(pivot * n, (pivot + 1) * n);
      a.copyWithin(pivot * n, column * n, (column + 1) * n);
      a.set(kept, column * n);
    }
    result *= head;
    for (let row = column + 1; row < n; row++) {
      const factor = a[row * n + column]! / head;
      for (let i = column; i < n; i++) a[row * n + i]! -= factor * a[column * n + i]!;
    }
  }
  return result;
}

/** One determinant for each matrix of the last two axes. */
function det(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const [n = 0, columns] = x.dims.slice(-2);
  if (x.dims.length < 2 || n !== columns) {
    call.fail('ERR_EVAL_SHAPE', 'input', 'square matrices', `[${x.dims.join(',')}]`);
  }
  const dims = x.dims.slice(0, -2);
  const count = elementCount(dims);
  call.charge(count * n ** 3);
  const data = Float64Array.from(call.asNumbers(x));
  const results = Float64Array.from({ length: count }, (_, i) =>
    eliminate(data.subarray(i * n * n, (i + 1) * n * n), n),
  );
  return call.result(x.dtype, dims, results);
}

export const determinant: Kernel = defineKernel({ op: 'Det', run: (call) => [det(call)] });
