import { dtypeFromCode } from '../dtype.js';
import type { Node } from '../ir/node.js';
import { type TensorType, tensorType, type ValueType } from '../ir/value-type.js';
import { ATTRIBUTE, SPARSE, TENSOR } from '../onnx/fields.js';
import { checkRank } from '../onnx/read-limits.js';
import { readType } from '../onnx/read-type.js';

/** The type an attribute of kind TypeProto holds; undefined when there is none, or it was not read from a file. */
export function typeAttribute(node: Node, name: string): ValueType | undefined {
  return readType(node.attributes.get(name)?.origin?.message(ATTRIBUTE.tp));
}

/** The (dense) type of the tensor an attribute of kind SparseTensorProto stands for; undefined where `typeAttribute` is. */
export function sparseAttribute(node: Node, name: string): TensorType | undefined {
  const sparse = node.attributes.get(name)?.origin?.message(ATTRIBUTE.sparse_tensor);
  if (!sparse) return undefined;
  const dtype = dtypeFromCode(sparse.message(SPARSE.values)?.safeInt(TENSOR.data_type) ?? 0);
  const dims = sparse.safeInts(SPARSE.dims);
  checkRank(dims.length, `attribute ${name}`);
  return tensorType(dtype, dims);
}
