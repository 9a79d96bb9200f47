import { GossamerError } from '../errors.js';
import { elementCount } from '../ir/tensor.js';
import type { SparseTensor } from '../ir/value.js';

/** Indices read at once. */
const PIECE = 2 ** 16;

/**
 * Throws unless there is one int64 index for each value: a position in the flattened tensor (indices of rank 1), or one coordinate
 * an axis (rank 2). ERR_DTYPE, ERR_TENSOR_SHAPE. Source: SparseTensorProto in onnx.proto.
 */
export function checkSparseShape({ dims, values, indices }: SparseTensor): void {
  if (indices.dtype !== 'int64') {
    throw new GossamerError('ERR_DTYPE', `sparse indices: expected int64, received ${indices.dtype}`);
  }
  const [count, axes] = indices.dims;
  const isLinear = indices.dims.length === 1;
  const isTable = indices.dims.length === 2 && axes === dims.length;
  if (values.dims.length === 1 && count === values.length && (isLinear || isTable)) return;
  const wanted = `[${values.length}] or [${values.length},${dims.length}]`;
  const received = `[${indices.dims.slice(0, 8).join(',')}]`;
  throw new GossamerError('ERR_TENSOR_SHAPE', `sparse indices: expected the shape ${wanted}, received ${received}`);
}

/** Throws ERR_SPARSE_INDEX unless every index is within the shape and they ascend without a repetition. Reads them in pieces. */
export function checkSparseIndices({ dims, indices }: SparseTensor): void {
  const bounds = indices.dims.length === 1 ? [elementCount(dims)] : dims;
  const axes = bounds.length;
  const step = Math.max(1, Math.floor(PIECE / Math.max(axes, 1))) * axes;
  let previous = -1;
  for (let at = 0; at < indices.length; at += step) {
    const end = Math.min(at + step, indices.length);
    const view = new BigInt64Array(indices.bytes(at * 8, end * 8).slice().buffer);
    for (let row = 0; row < view.length; row += axes) {
      const position = positionOf(view.subarray(row, row + axes), bounds);
      if (position !== undefined && position > previous) {
        previous = position;
        continue;
      }
      const received = `[${view.subarray(row, row + Math.min(axes, 8)).join(', ')}]`;
      throw new GossamerError(
        'ERR_SPARSE_INDEX',
        `sparse indices: expected ascending ones within [${bounds.slice(0, 8).join(', ')}], received ${received}`,
      );
    }
  }
}

/** Position in the flattened tensor; undefined when a coordinate is out of its bounds. */
function positionOf(coordinates: BigInt64Array, bounds: readonly number[]): number | undefined {
  let position = 0;
  for (let axis = 0; axis < coordinates.length; axis++) {
    const coordinate = coordinates[axis]!;
    const bound = bounds[axis]!;
    if (coordinate < 0n || coordinate >= BigInt(bound)) return undefined;
    position = position * bound + Number(coordinate);
  }
  return position;
}
