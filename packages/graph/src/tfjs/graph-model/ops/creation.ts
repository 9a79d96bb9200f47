import { definePlain, type TfNode } from '../tf-node.js';
import type { Value } from '../../../ir/value.js';

/** A scalar operand as a vector of one. */
function asVector(node: TfNode, index: number): Value {
  return node.e.op('Reshape', [node.plain(index), node.e.int64([1])]);
}

function filled(node: TfNode, value: number): Value {
  const dtype = node.def.dtype('T', 'float32');
  if (dtype === 'string') throw node.error('T', 'a numeric type', 'strings');
  return node.e.op('Expand', [node.e.constant(value, dtype), node.int64(0)]);
}

export const creationOps = [
  definePlain('Fill', (node) => node.e.op('Expand', [node.plain(1), node.int64(0)])),
  definePlain('Ones', (node) => filled(node, 1)),
  definePlain('Zeros', (node) => filled(node, 0)),
  definePlain('Range', (node) => node.e.op('Range', [node.plain(0), node.plain(1), node.plain(2)])),
  definePlain('OneHot', (node) => {
    const { e } = node;
    const values = e.op('Concat', [asVector(node, 3), asVector(node, 2)], { axis: 0 });
    const dtype = e.dtypeOf(values) ?? 'float32';
    // onnxruntime has kernels for int64 places with float32 or int64 values.
    const stored = dtype === 'float32' ? values : e.cast(values, 'int64');
    const places = e.op('OneHot', [node.int64(0), node.int64(1), stored], { axis: node.def.int('axis', -1) });
    return e.cast(places, dtype);
  }),
];
