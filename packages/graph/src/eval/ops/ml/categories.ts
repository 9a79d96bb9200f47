import { isFloat } from '../../../dtype.js';
import { elementCount } from '../../../ir/tensor.js';
import { type EvalTensor, fromTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { gather } from '../gather.js';
import { integersAttribute, requireLength } from './features.js';

const domain = 'ai.onnx.ml';

type Element = number | bigint | string;

/** A tensor of `dtype` whose elements are `values`. */
function filled(call: KernelCall, dtype: EvalTensor['dtype'], dims: readonly number[], values: readonly Element[]) {
  const target = call.allocate(dtype, dims);
  const data = target.data as unknown as Record<number, Element>;
  values.forEach((value, i) => (data[i] = value));
  return target;
}

const elementsOf = (x: EvalTensor): Element[] => Array.from(x.data as ArrayLike<Element>);

/** The one list attribute that is given of `<prefix>_strings`, `_int64s`, `_floats` and `_tensor`. */
function listAttribute(call: KernelCall, prefix: string): { dtype: EvalTensor['dtype']; values: Element[] } {
  const { node, precision } = call;
  const tensor = node.tensor(`${prefix}_tensor`);
  if (tensor) return { dtype: tensor.dtype, values: elementsOf(fromTensor(tensor, precision)) };
  const floats = node.floats(`${prefix}_floats`, undefined);
  if (floats) return { dtype: 'float32', values: [...floats] };
  const integers = integersAttribute(call, `${prefix}_int64s`);
  if (integers) return { dtype: 'int64', values: integers };
  return { dtype: 'string', values: [...node.strings(`${prefix}_strings`, [])] };
}

/** What LabelEncoder maps unknown keys to, by the dtype of its values. */
function defaultLabel(call: KernelCall, dtype: EvalTensor['dtype']): Element {
  const { node } = call;
  const tensor = node.tensor('default_tensor');
  if (tensor && node.has('values_tensor')) return elementsOf(fromTensor(tensor, call.precision))[0]!;
  if (dtype === 'string') return node.string('default_string', '_Unused');
  if (dtype === 'int64') return BigInt(node.attributes.get('default_int64')?.as('int') ?? -1);
  return isFloat(dtype) ? node.float('default_float', -0) : -1;
}

/** Of equal keys the last counts, and NaN is a key like any other; before version 4 the first does, and NaN is found by nothing. */
function encodeLabels(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const { dtype, values } = listAttribute(call, 'values');
  const keys = listAttribute(call, 'keys');
  requireLength(call, 'values', values.length, keys.values.length);
  if (keys.dtype !== x.dtype) call.fail('ERR_EVAL_INPUT', 'input 0', keys.dtype, x.dtype);
  const map = new Map<Element, Element>();
  keys.values.forEach((key, i) => {
    if (call.opset >= 4 || (!map.has(key) && !Number.isNaN(key))) map.set(key, values[i]!);
  });
  const other = defaultLabel(call, dtype);
  return filled(
    call,
    dtype,
    x.dims,
    elementsOf(x).map((key) => map.get(key) ?? other),
  );
}

/** LabelEncoder of version 1: strings to their places in classes_strings, or places to strings. */
function encodeClasses(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const classes = call.node.strings('classes_strings', []);
  if (x.dtype === 'string') {
    const places = new Map<Element, bigint>(classes.map((name, i) => [name, BigInt(i)]));
    const other = BigInt(call.node.attributes.get('default_int64')?.as('int') ?? -1);
    return filled(
      call,
      'int64',
      x.dims,
      elementsOf(x).map((name) => places.get(name) ?? other),
    );
  }
  const other = call.node.string('default_string', '_Unused');
  return filled(
    call,
    'string',
    x.dims,
    elementsOf(x).map((place) => classes[Number(place)] ?? other),
  );
}

/** Strings to integers or back, by two parallel lists. */
function mapCategories(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const names = call.node.strings('cats_strings', []);
  const integers = integersAttribute(call, 'cats_int64s') ?? [];
  requireLength(call, 'cats_int64s', integers.length, names.length);
  const isText = x.dtype === 'string';
  const map = new Map<Element, Element>(names.map((name, i) => (isText ? [name, integers[i]!] : [integers[i]!, name])));
  const other = isText
    ? BigInt(call.node.attributes.get('default_int64')?.as('int') ?? -1)
    : call.node.string('default_string', '_Unused');
  return filled(
    call,
    isText ? 'int64' : 'string',
    x.dims,
    elementsOf(x).map((key) => map.get(key) ?? other),
  );
}

/** A new last axis with a 1 at the element's category; numbers are truncated to integers. Unknown ones fail where `zeros` is 0. */
function encodeOneHot(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const categories: Element[] = integersAttribute(call, 'cats_int64s') ?? [...call.node.strings('cats_strings', [])];
  const places = new Map<Element, number>(categories.map((category, i) => [category, i]));
  const target = call.allocate('float32', [...x.dims, categories.length]);
  const isText = x.dtype === 'string';
  elementsOf(x).forEach((element, i) => {
    const key = isText || typeof element === 'bigint' ? element : truncated(Number(element));
    const place = places.get(key);
    if (place !== undefined) target.data[i * categories.length + place] = 1;
    else if (call.node.int('zeros', 1) === 0) {
      call.fail('ERR_EVAL_VALUE', 'input 0', 'known categories (zeros is 0)', String(element));
    }
  });
  return target;
}

/** NaN and infinities are no category. */
const truncated = (x: number): Element => (Number.isFinite(x) ? BigInt(Math.trunc(x)) : x);

/** Elements of the last axis, in the order of the indices; a vector gives one row. */
function extractFeatures(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const indices = call.integers(1);
  const width = x.dims.at(-1);
  if (width === undefined) call.fail('ERR_EVAL_SHAPE', 'input 0', 'at least one axis', 'a scalar');
  const outside = indices.find((index) => !(index >= 0 && index < width));
  if (outside !== undefined) call.fail('ERR_EVAL_VALUE', 'index', `an index in [0, ${width})`, String(outside));
  const rows = x.dims.length === 1 ? [1, width] : x.dims;
  call.reserve([elementCount(rows.slice(0, -1)), indices.length]);
  return gather(call, { ...x, dims: rows }, rows.length - 1, indices, [indices.length]);
}

/** Operators that map categories, and the one that picks features. */
export const categoryOperators: readonly Kernel[] = [
  defineKernel({
    op: 'LabelEncoder',
    domain,
    run: (call) => [call.opset < 2 ? encodeClasses(call) : encodeLabels(call)],
  }),
  defineKernel({ op: 'CategoryMapper', domain, run: (call) => [mapCategories(call)] }),
  defineKernel({ op: 'OneHotEncoder', domain, run: (call) => [encodeOneHot(call)] }),
  defineKernel({ op: 'ArrayFeatureExtractor', domain, run: (call) => [extractFeatures(call)] }),
];
