import { GossamerError } from '../errors.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import type { SparseTensor } from '../ir/value.js';
import type { Budget } from './budget.js';
import { type EvalTensor, fromTensor, makeData, type Precision, toTensor } from './eval-value.js';
import { stridesOf } from './strided.js';

/** As `toDense`, as a tensor of the IR. */
export function denseTensor(sparse: SparseTensor, name: string, budget: Pick<Budget, 'chargeTensor'>): Tensor {
  return toTensor(toDense(sparse, 'float32', budget, name), 'float32');
}

/**
 * A sparse tensor with its zeros. Indices are positions in the row-major tensor [NNZ], or coordinates [NNZ, rank].
 *
 * Throws ERR_EVAL_VALUE for an index outside, ERR_EVAL_SHAPE for indices of another shape, ERR_EVAL_BUDGET for too many elements.
 */
export function toDense(
  sparse: SparseTensor,
  precision: Precision,
  budget: Pick<Budget, 'chargeTensor'>,
  name: string,
): EvalTensor {
  const { dims, values, indices } = sparse;
  const length = elementCount(dims);
  const isFlat = indices.dims.length === 1;
  if (indices.dims[0] !== values.length || !(isFlat || indices.dims[1] === dims.length)) {
    throw new GossamerError(
      'ERR_EVAL_SHAPE',
      `${name}: expected indices [${values.length}] or [${values.length},${dims.length}], received [${indices.dims.join(',')}]`,
    );
  }
  budget.chargeTensor(length, name);
  const stored = fromTensor(values, precision);
  const data = makeData(values.dtype, length, precision);
  const [from, to] = [stored.data as unknown as Record<number, number>, data as unknown as Record<number, number>];
  const coordinates = indices.toIntegers();
  const [steps, sizes] = isFlat ? [[1], [length]] : [stridesOf(dims), dims];
  for (let i = 0; i < values.length; i++) {
    let place = 0;
    steps.forEach((step, axis) => {
      const at = coordinates[i * steps.length + axis]!;
      if (!(at >= 0 && at < sizes[axis]!)) {
        throw new GossamerError('ERR_EVAL_VALUE', `${name}: expected an index in [0, ${sizes[axis]}), received ${at}`);
      }
      place += at * step;
    });
    to[place] = from[i]!;
  }
  return { kind: 'tensor', dtype: values.dtype, dims, data };
}
