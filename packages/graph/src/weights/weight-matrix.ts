import type { WeightView } from './weight-view.js';

/** A weight as the matrices that its layer multiplies by: rows are output features, columns what is summed over. */
export interface WeightMatrix {
  /** Matrices side by side: groups of a convolution, directions of a recurrent layer, leading axes of a MatMul. */
  readonly groups: number;
  /** Rows of each. An embedding's rows are the rows of its table. */
  readonly rows: number;
  /** Columns of each. A convolution's: input channel, then kernel positions in row-major order. */
  readonly columns: number;
  /** The node sees each of them as [columns, rows]. */
  readonly isTransposed: boolean;
  /** [groups, rows, columns], row-major. */
  readonly data: Float32Array;
}

/**
 * The weight of `view` as matrices. ConvTranspose: a row is an output channel at one kernel position (channel first), a column an input
 * channel of the group. O(elements).
 */
export function toWeightMatrix(view: WeightView): WeightMatrix {
  const { groups, rows, columns, positions } = layout(view);
  const seen = view.toFloat32();
  if (positions === undefined) return { groups, rows, columns, isTransposed: false, data: seen };
  const data = new Float32Array(seen.length);
  for (let i = 0; i < data.length; i++) data[i] = seen[positions(i)]!;
  return { groups, rows, columns, isTransposed: true, data };
}

/** Elements of a weight matrix, [groups, rows, columns], in the layout that the node sees: what `view.write` takes. O(elements). */
export function fromWeightMatrix<Data extends NumericArray>(view: WeightView, data: Data): Data {
  const { positions } = layout(view);
  if (positions === undefined) return data;
  const seen = new (data.constructor as new (length: number) => Data)(data.length);
  for (let i = 0; i < data.length; i++) seen[positions(i)] = data[i]!;
  return seen;
}

type NumericArray = Float32Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

interface MatrixLayout {
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
  /** Where an element of the matrix lies in the weight as the node sees it; undefined: at the same place. */
  readonly positions: ((index: number) => number) | undefined;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function layout(view: WeightView): MatrixLayout {
  const { shape, op, outAxis, inAxis, role } = view;
  if (role === 'embedding') return { groups: 1, rows: shape[0]!, columns: shape[1]!, positions: undefined };
  if (op === 'Conv' || op === 'FusedConv') {
    const rows = shape[0]! / view.groups;
    return { groups: view.groups, rows, columns: product(shape.slice(1)), positions: undefined };
  }
  if (op === 'ConvTranspose') {
    // [groups * columns, rows]: each group is a matrix that lies transposed.
    return transposed(view.groups, product(shape.slice(1)), shape[0]! / view.groups);
  }
  const groups = product(shape.slice(0, -2));
  const [rows, columns] = [shape[outAxis]!, shape[inAxis]!];
  return outAxis < inAxis ? { groups, rows, columns, positions: undefined } : transposed(groups, rows, columns);
}

/** Matrices of [rows, columns] that are stored as [columns, rows]. */
function transposed(groups: number, rows: number, columns: number): MatrixLayout {
  const size = rows * columns;
  const positions = (index: number) => {
    const inner = index % size;
    const row = Math.floor(inner / columns);
    return index - inner + (inner - row * columns) * rows + row;
  };
  return { groups, rows, columns, positions };
}
