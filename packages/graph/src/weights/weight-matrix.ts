import type { DenseArray } from './rearrange.js';
import type { WeightView } from './weight-view.js';

/** How a weight is made up of the matrices that its layer multiplies by: rows are output features, columns what is summed over. */
export interface WeightLayout {
  /** Matrices side by side: groups of a convolution, directions of a recurrent layer, leading axes of a MatMul. */
  readonly groups: number;
  /** Rows of each. An embedding's rows are the rows of its table. */
  readonly rows: number;
  /** Columns of each. A convolution's: input channel, then kernel positions in row-major order. */
  readonly columns: number;
  /** Columns that one input channel has side by side: a convolution's kernel positions; 1 of every other layer. */
  readonly taps: number;
  /** The node sees each of them as [columns, rows]. */
  readonly isTransposed: boolean;
}

/** A weight as those matrices. */
export interface WeightMatrix extends WeightLayout {
  /** [groups, rows, columns], row-major. */
  readonly data: Float32Array;
}

/**
 * The weight of `view` as matrices. ConvTranspose: a row is an output channel at one kernel position (channel first), a column an input
 * channel of the group. O(elements).
 */
export function toWeightMatrix(view: WeightView): WeightMatrix {
  const layout = weightLayout(view);
  const seen = view.toFloat32();
  if (!layout.isTransposed) return { ...layout, data: seen };
  return { ...layout, data: transposeAll(seen, layout.groups, layout.columns, layout.rows) };
}

/** What there is one of for each element of the stored tensor (its gradient), in the layout of `toWeightMatrix`. O(elements). */
export function arrangeAsMatrix<Data extends DenseArray>(view: WeightView, stored: Data): Data {
  const { groups, rows, columns, isTransposed } = weightLayout(view);
  const seen = view.arrange(stored);
  return isTransposed ? transposeAll(seen, groups, columns, rows) : seen;
}

/** Elements of a weight matrix, [groups, rows, columns], in the layout that the node sees: what `view.write` takes. O(elements). */
export function fromWeightMatrix<Data extends NumericArray>(view: WeightView, data: Data): Data {
  const { groups, rows, columns, isTransposed } = weightLayout(view);
  return isTransposed ? transposeAll(data, groups, rows, columns) : data;
}

type NumericArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The layout of `toWeightMatrix`, without reading the weight. */
export function weightLayout(view: WeightView): WeightLayout {
  const { shape, op, outAxis, inAxis, role } = view;
  if (role === 'embedding') return { groups: 1, rows: shape[0]!, columns: shape[1]!, taps: 1, isTransposed: false };
  if (op === 'Conv' || op === 'FusedConv') {
    const rows = shape[0]! / view.groups;
    const taps = product(shape.slice(2));
    return { groups: view.groups, rows, columns: shape[1]! * taps, taps, isTransposed: false };
  }
  if (op === 'ConvTranspose') {
    // [groups * columns, rows]: each group is a matrix that lies transposed.
    return transposed(view.groups, product(shape.slice(1)), shape[0]! / view.groups);
  }
  const groups = product(shape.slice(0, -2));
  const [rows, columns] = [shape[outAxis]!, shape[inAxis]!];
  return outAxis < inAxis ? { groups, rows, columns, taps: 1, isTransposed: false } : transposed(groups, rows, columns);
}

/** Matrices of [rows, columns] that are stored as [columns, rows]. */
const transposed = (groups: number, rows: number, columns: number): WeightLayout => ({
  groups,
  rows,
  columns,
  taps: 1,
  isTransposed: true,
});

/** Side of the squares that are transposed at a time: their lines fit the first-level cache. */
const SQUARE = 32;

/** Matrices of [rows, columns], one behind the other, as [columns, rows]. */
function transposeAll<Data extends NumericArray>(data: Data, groups: number, rows: number, columns: number): Data {
  const out = new (data.constructor as new (length: number) => Data)(data.length);
  const size = rows * columns;
  for (let base = 0; base < groups * size; base += size) {
    for (let top = 0; top < rows; top += SQUARE) {
      for (let left = 0; left < columns; left += SQUARE) {
        const [bottom, right] = [
          top + SQUARE < rows ? top + SQUARE : rows,
          left + SQUARE < columns ? left + SQUARE : columns,
        ];
        for (let column = left; column < right; column++) {
          const to = base + column * rows;
          for (let row = top; row < bottom; row++) out[to + row] = data[base + row * columns + column]!;
        }
      }
    }
  }
  return out;
}
