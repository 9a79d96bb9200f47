import type { WeightView } from '@gossamer/graph';
import type { RowBlock, RowReader } from './row-reader.js';
import type { FloatArray } from './meant-part.js';

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * MatMul and Gemm: vectors are the rows of the other operand's matrices (their columns where those are what is summed over). A weight of
 * more than two axes meets the matrices that broadcasting gives it. Undefined for batches that FusedMatMul transposes.
 */
export function linearRows(view: WeightView): RowReader | undefined {
  const { node, shape, inAxis, inputIndex } = view;
  if (node.int('transBatchA', 0) !== 0 || node.int('transBatchB', 0) !== 0) return undefined;
  const columns = shape[inAxis]!;
  const leading = shape.slice(0, -2);
  const groups = product(leading);
  const isLeft = inputIndex === 0;
  // A is [M, K], B [K, N]: the rows of A and the columns of B are the vectors.
  const isTransposed = isLeft ? node.int('transB', 0) === 0 : node.int('transA', 0) !== 0;
  return {
    inputIndex: isLeft ? 1 : 0,
    groups,
    matrices: groups,
    columns,
    key: `linear ${columns} [${leading.join()}] ${isTransposed}`,
    *read(input) {
      if (groups === 1 && !isTransposed) yield { group: 0, rows: input.data.length / (columns || 1), data: input.data };
      else yield* matrices(input, leading, columns, isTransposed);
    },
  };
}

function* matrices(
  { dims, data }: FloatArray,
  leading: readonly number[],
  columns: number,
  isTransposed: boolean,
): Generator<RowBlock> {
  const own = dims.slice(0, -2);
  const rows = dims.length === 1 ? 1 : dims[dims.length - (isTransposed ? 1 : 2)]!;
  const size = rows * columns;
  for (const [at, group] of broadcastPairs(own, leading)) {
    const matrix = data.subarray(at * size, (at + 1) * size);
    yield { group, rows, data: isTransposed ? transpose(matrix, columns, rows) : matrix };
  }
}

/** Every index of the broadcast of `a` and `b`, as the flat indices it has in both; an axis that only `b` has counts nowhere twice. */
function* broadcastPairs(a: readonly number[], b: readonly number[]): Generator<[number, number]> {
  const rank = Math.max(a.length, b.length);
  const left = [...new Array<number>(rank - a.length).fill(1), ...a];
  const right = [...new Array<number>(rank - b.length).fill(1), ...b];
  const full = left.map((dim, axis) => (dim === 1 ? right[axis]! : dim));
  for (let i = 0, total = product(full); i < total; i++) {
    let [rest, at, group, step, groupStep] = [i, 0, 0, 1, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % full[axis]!;
      rest = Math.floor(rest / full[axis]!);
      if (left[axis] !== 1) at += index * step;
      if (right[axis] !== 1) group += index * groupStep;
      step *= left[axis]!;
      groupStep *= right[axis]!;
    }
    yield [at, group];
  }
}

/** [rows, columns] as [columns, rows]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return out;
}

/** W of a recurrent layer: X [length, batch, columns] ([batch, length, columns] with layout 1), the same for both directions. */
export function recurrentRows(view: WeightView): RowReader {
  const { node, shape } = view;
  const columns = shape[2]!;
  const isBatchFirst = node.int('layout', 0) !== 0;
  const fixed = node.input(4)?.constant?.toIntegers();
  return {
    inputIndex: 0,
    ...(node.input(4) && !fixed ? { lengthsIndex: 4 } : {}),
    groups: 1,
    matrices: shape[0]!,
    columns,
    key: `recurrent ${columns} ${isBatchFirst} ${node.input(4)?.name ?? ''}`,
    *read({ dims, data }, { lengths = fixed }) {
      const [outer, inner] = [dims[0]!, dims[1]!];
      if (!lengths) return yield { group: 0, rows: outer * inner, data };
      const kept = new Float32Array(data.length);
      let rows = 0;
      for (let i = 0; i < outer; i++) {
        for (let j = 0; j < inner; j++) {
          const [time, sequence] = isBatchFirst ? [j, i] : [i, j];
          const at = (i * inner + j) * columns;
          if (time < lengths[sequence]!) kept.set(data.subarray(at, at + columns), rows++ * columns);
        }
      }
      yield { group: 0, rows, data: kept.subarray(0, rows * columns) };
    },
  };
}
