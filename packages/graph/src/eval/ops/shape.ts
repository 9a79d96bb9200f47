import { elementCount } from '../../ir/tensor.js';
import { ATTRIBUTE } from '../../onnx/fields.js';
import { readSparseTensor } from '../../onnx/read-tensor.js';
import { ExternalData } from '../../wire/external-data.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { fromTensor } from '../eval-value.js';
import { toDense } from '../dense.js';
import { toDoubles } from '../elementwise.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { broadcastDims, broadcastStrides, reshape, take, viewOffsets } from '../strided.js';
import { dtypeAttribute } from './cast.js';

const int64 = (call: KernelCall, values: readonly number[], dims = [values.length]): EvalTensor =>
  call.result('int64', dims, values);

function shape(call: KernelCall): EvalTensor {
  const { dims } = call.tensor(0);
  const bound = (name: string, fallback: number) => {
    const at = call.node.int(name, fallback);
    return Math.max(0, Math.min(dims.length, at < 0 ? at + dims.length : at));
  };
  return int64(call, dims.slice(bound('start', 0), bound('end', dims.length)));
}

/** The target shape of Reshape: 0 copies an input's dim (unless allowzero), one -1 takes what is left. */
export function reshapeDims(call: KernelCall, from: readonly number[], wanted: readonly number[]): number[] {
  const literal = call.node.int('allowzero', 0) === 1;
  const dims = wanted.map((dim, axis) => (dim === 0 && !literal ? (from[axis] ?? 0) : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) {
    const rest = elementCount(dims.filter((_, axis) => axis !== open));
    dims[open] = rest === 0 ? 0 : elementCount(from) / rest;
  }
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || elementCount(dims) !== elementCount(from)) {
    call.fail('ERR_EVAL_SHAPE', 'shape', `a shape of ${elementCount(from)} elements`, `[${wanted.join(',')}]`);
  }
  return dims;
}

function flatten(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const given = call.node.int('axis', 1);
  const axis = given < 0 ? given + x.dims.length : given;
  return reshape(x, [elementCount(x.dims.slice(0, axis)), elementCount(x.dims.slice(axis))]);
}

/** Axes: an attribute before opset 13, an input since. */
const axesOf = (call: KernelCall) => (call.opset < 13 ? call.node.ints('axes', undefined) : call.optionalIntegers(1));

/**
 * Removes the axes given, or all of size 1 where none are. An empty attribute is one that is absent; an empty input is given and removes
 * nothing (so the standard's text, its shape inference and its reference, unlike ONNX Runtime, which takes it for absent).
 */
function squeeze(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const given = axesOf(call);
  const isAbsent = call.opset < 13 && given?.length === 0;
  const axes = isAbsent ? undefined : given?.map((axis) => call.axis(axis, x.dims.length));
  return reshape(
    x,
    x.dims.filter((dim, axis) => {
      if (!axes) return dim !== 1;
      if (axes.includes(axis) && dim !== 1) call.fail('ERR_EVAL_SHAPE', `axis ${axis}`, '1', String(dim));
      return !axes.includes(axis);
    }),
  );
}

function unsqueeze(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const given = axesOf(call) ?? [];
  const rank = x.dims.length + given.length;
  const added = new Set(given.map((axis) => call.axis(axis, rank)));
  if (added.size !== given.length) call.fail('ERR_EVAL_SHAPE', 'axes', 'distinct axes', `[${given.join(',')}]`);
  let next = 0;
  return reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : x.dims[next++]!)),
  );
}

/** A SparseTensorProto in an attribute is known by its bytes; data outside the file are not read. */
function sparseConstant(call: KernelCall): EvalTensor | undefined {
  const message = call.node.attributes.get('sparse_value')?.origin?.message(ATTRIBUTE.sparse_tensor);
  if (!message) return undefined;
  const sparse = readSparseTensor(message, {
    external: new ExternalData(undefined, 'untrusted'),
    checksIndices: false,
  });
  return toDense(sparse, call.precision, { chargeTensor: (count) => void call.reserve([count]) }, call.node.id);
}

function constant(call: KernelCall): EvalTensor {
  const tensor = call.node.constantTensor();
  if (tensor) return fromTensor(tensor, call.precision);
  const names = [...call.node.attributes.keys()].join(', ');
  return sparseConstant(call) ?? call.fail('ERR_EVAL_OP', 'value', 'one attribute with a value', names);
}

function constantOfShape(call: KernelCall): EvalTensor {
  const given = call.node.tensor('value');
  const value = given && fromTensor(given, call.precision);
  const target = call.allocate(given?.dtype ?? 'float32', call.integers(0));
  if (value) (target.data as unknown as { fill(element: unknown): void }).fill(value.data[0]);
  return target;
}

function expand(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const dims = broadcastDims(x.dims, call.integers(1));
  call.reserve(dims);
  return take(call, x, dims, viewOffsets(dims, broadcastStrides(x.dims, dims)));
}

function range(call: KernelCall): EvalTensor {
  const start = call.tensor(0);
  const [first, limit, delta] = [0, 1, 2].map((i) => toDoubles(call, call.tensor(i))[0]!) as [number, number, number];
  if (delta === 0) call.fail('ERR_EVAL_VALUE', 'delta', 'a number other than 0', '0');
  const count = Math.max(0, Math.ceil((limit - first) / delta));
  const target = call.allocate(start.dtype, [count]);
  if (isBig(target.data)) {
    const [from, by] = [start.data[0] as bigint, call.tensor(2).data[0] as bigint];
    for (let i = 0; i < count; i++) target.data[i] = from + BigInt(i) * by;
  } else for (let i = 0; i < count; i++) (target.data as NumberData)[i] = first + i * delta;
  return target;
}

function eyeLike(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const [rows = 0, columns = 0] = x.dims;
  const shift = call.node.int('k', 0);
  const values = new Float64Array(call.reserve([rows, columns]));
  for (let row = 0; row < rows; row++) {
    if (row + shift >= 0 && row + shift < columns) values[row * columns + row + shift] = 1;
  }
  return call.result(dtypeAttribute(call, 'dtype', x.dtype), x.dims, values);
}

/** Indices of the elements that are not zero, one column each. */
function nonZero(call: KernelCall): EvalTensor {
  const { data, dims } = call.tensor(0);
  const found: number[] = [];
  for (let i = 0; i < data.length; i++) if (data[i] !== '' && Number(data[i]) !== 0) found.push(i);
  const rows = Math.max(1, dims.length);
  const values = new Float64Array(rows * found.length);
  found.forEach((flat, column) => {
    let rest = flat;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      values[axis * found.length + column] = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
  });
  return call.result('int64', [rows, found.length], values);
}

export const shapes: readonly Kernel[] = [
  defineKernel({ op: 'Identity', run: (call) => [call.value(0)] }),
  defineKernel({ op: 'Shape', run: (call) => [shape(call)] }),
  defineKernel({ op: 'Size', run: (call) => [int64(call, [elementCount(call.tensor(0).dims)], [])] }),
  defineKernel({
    op: 'Reshape',
    run: (call) => [reshape(call.tensor(0), reshapeDims(call, call.tensor(0).dims, call.integers(1)))],
  }),
  defineKernel({ op: 'Flatten', run: (call) => [flatten(call)] }),
  defineKernel({ op: 'Squeeze', run: (call) => [squeeze(call)] }),
  defineKernel({ op: 'Unsqueeze', run: (call) => [unsqueeze(call)] }),
  defineKernel({ op: 'Constant', run: (call) => [constant(call)] }),
  defineKernel({ op: 'ConstantOfShape', run: (call) => [constantOfShape(call)] }),
  defineKernel({ op: 'Expand', run: (call) => [expand(call)] }),
  defineKernel({ op: 'Range', run: (call) => [range(call)] }),
  defineKernel({ op: 'EyeLike', run: (call) => [eyeLike(call)] }),
  defineKernel({ op: 'NonZero', run: (call) => [nonZero(call)] }),
];
