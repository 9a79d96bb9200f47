import { dtypeBits, type Graph, type Model, type SparseTensor, Tensor, type Value } from '@gossamer/graph';
import { findNonzeros, placeNonzeros } from './nonzeros.js';

/** An initializer that changed its form. */
export interface StoredTensor {
  /** Scope path and name. */
  readonly name: string;
  /** Of data: elements, and of the sparse form places too. */
  readonly bytes: { readonly before: number; readonly after: number };
}

export interface StoredModel {
  readonly model: Model;
  readonly tensors: readonly StoredTensor[];
}

/** What ONNX Runtime 1.30 opens as sparse initializers. */
const DTYPES: ReadonlySet<string> = new Set(['float32', 'int8', 'uint8']);

/** Bytes of a place: the standard has them as int64. */
const PLACE = 8;

/** The first version of the format that has sparse initializers. */
const IR_VERSION = 6;

/**
 * Initializers of which enough is 0 as ONNX `sparse_initializer`: their other elements with their places, where that is fewer bytes (below a density of w / (w + 8)
 * for elements of w bytes: a third of float32, a ninth of int8). To the bit: -0 is not 0. Constant nodes, what is an input or output of a graph, and other dtypes stay. A new model.
 */
export function toSparseInitializers(model: Model): StoredModel {
  const copy = model.clone();
  const tensors = storeAs(copy, (value) => {
    const { constant } = value;
    if (!constant || value.producer || value.outputCount > 0 || !DTYPES.has(constant.dtype)) return undefined;
    const { dtype, dims } = constant;
    const { positions, values, width } = findNonzeros({ dtype, dims, bytes: constant.bytes() });
    const after = positions.length * (PLACE + width);
    const before = constant.length * width;
    // Of no element at all readers differ in what they make.
    if (after >= before || positions.length === 0) return undefined;
    const data = {
      dims,
      values: Tensor.of(dtype, [positions.length], values),
      indices: Tensor.fromNumbers('int64', [positions.length], Array.from(positions)),
    };
    return { data, before, after };
  });
  if (tensors.length > 0) copy.irVersion = Math.max(copy.irVersion, IR_VERSION);
  return { model: copy, tensors };
}

/** Sparse initializers as dense ones, which every tool reads. A new model. Throws ERR_GSM_FORMAT for a place outside. */
export function toDenseInitializers(model: Model): StoredModel {
  const copy = model.clone();
  const tensors = storeAs(copy, ({ sparse }) => {
    if (!sparse) return undefined;
    const { values, dims } = sparse;
    const places = placesOf(sparse);
    const data = Tensor.of(values.dtype, dims, placeNonzeros({ dtype: values.dtype, dims }, places, values.bytes()));
    const width = dtypeBits(values.dtype) / 8;
    return { data, before: places.length * (PLACE + width), after: data.length * width };
  });
  return { model: copy, tensors };
}

interface Stored {
  readonly data: Tensor | SparseTensor;
  readonly before: number;
  readonly after: number;
}

function storeAs(model: Model, form: (value: Value) => Stored | undefined): StoredTensor[] {
  return [...model.graph.scopes()].flatMap((scope: Graph) =>
    [...scope.initializers()].flatMap((value) => {
      const found = form(value);
      if (!found) return [];
      const { data, before, after } = found;
      scope.setInitializer(value, data);
      return [{ name: `${scope.path}${value.name}`, bytes: { before, after } }];
    }),
  );
}

/** Places in the flat tensor; indices are those, or one number an axis. */
function placesOf({ dims, indices }: SparseTensor): number[] {
  const numbers = indices.toIntegers();
  if (indices.dims.length < 2) return [...numbers];
  return Array.from({ length: indices.dims[0]! }, (_, i) =>
    dims.reduce((place, dim, axis) => place * dim + numbers[i * dims.length + axis]!, 0),
  );
}
