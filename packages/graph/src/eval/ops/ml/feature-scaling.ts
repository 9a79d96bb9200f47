import { isFloat } from '../../../dtype.js';
import { elementCount } from '../../../ir/tensor.js';
import { toDoubles } from '../../elementwise.js';
import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../../kernel.js';
import { featuresOf, integersAttribute, requireLength } from './features.js';

const domain = 'ai.onnx.ml';

/** A list attribute of one element, or one for each feature (the last axis); returns its element for flat index i. */
function perFeature<T>(call: KernelCall, name: string, values: readonly T[], width: number): (i: number) => T {
  if (values.length === 1) return () => values[0]!;
  requireLength(call, name, values.length, width);
  return (i) => values[i % width]!;
}

/** (x - offset) * scale. */
function scale(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const width = x.dims.at(-1) ?? 1;
  const offset = perFeature(call, 'offset', call.node.floats('offset', [0]), width);
  const factor = perFeature(call, 'scale', call.node.floats('scale', [1]), width);
  call.reserve(x.dims);
  const scaled = Float64Array.from(toDoubles(call, x), (value, i) => (value - offset(i)) * factor(i));
  return call.result('float32', x.dims, scaled);
}

/** 1 above the threshold, else 0. */
function binarize(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const threshold = call.node.float('threshold', 0);
  call.reserve(x.dims);
  return call.result(
    x.dtype,
    x.dims,
    Float64Array.from(toDoubles(call, x), (value) => (value > threshold ? 1 : 0)),
  );
}

/** Divisors of a row; L1 and L2 are norms (of magnitudes), MAX is the largest value, whatever its sign. */
const DIVISORS: Readonly<Record<string, (row: ArrayLike<number>) => number>> = {
  MAX: (row) => Array.from(row).reduce((a, b) => Math.max(a, b), -Infinity),
  L1: (row) => Array.from(row).reduce((sum, value) => sum + Math.abs(value), 0),
  L2: (row) => Math.sqrt(Array.from(row).reduce((sum, value) => sum + value * value, 0)),
};

/** Divides each row by its norm; a row whose norm is 0 stays. */
function normalize(call: KernelCall): EvalTensor {
  const x = featuresOf(call);
  const name = call.node.string('norm', 'MAX');
  const divisor = Object.hasOwn(DIVISORS, name) ? DIVISORS[name] : undefined;
  if (!divisor) call.fail('ERR_EVAL_OP', 'norm', Object.keys(DIVISORS).join(', '), name);
  const { dims } = call.tensor(0);
  const values = new Float64Array(call.reserve(dims));
  for (let row = 0; row < x.rows; row++) {
    const own = Float64Array.from({ length: x.width }, (_, i) => x.data[row * x.width + i]!);
    const by = divisor(own);
    own.forEach((value, i) => (values[row * x.width + i] = by === 0 ? value : value / by));
  }
  return call.result('float32', dims, values);
}

/** Replaces one value (NaN too) by another, one for each feature or one for all. */
function impute(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const width = x.dims.at(-1) ?? 1;
  const target = call.allocate(x.dtype, x.dims);
  if (isFloat(x.dtype)) {
    const from = call.asNumbers(x);
    const old = call.node.float('replaced_value_float', 0);
    const fresh = perFeature(call, 'imputed_value_floats', call.node.floats('imputed_value_floats', []), width);
    // -0 equals 0 here, and NaN equals NaN.
    const matches = (value: number) => value === old || (Number.isNaN(value) && Number.isNaN(old));
    (target.data as Float64Array).set(Float64Array.from(from, (value, i) => (matches(value) ? fresh(i) : value)));
    return target;
  }
  const old = BigInt(call.node.attributes.get('replaced_value_int64')?.as('int') ?? 0);
  const fresh = perFeature(call, 'imputed_value_int64s', integersAttribute(call, 'imputed_value_int64s') ?? [], width);
  for (let i = 0; i < x.data.length; i++) {
    const value = BigInt(x.data[i]!);
    const stored = value === old ? fresh(i) : value;
    if (isBig(target.data)) target.data[i] = stored;
    else target.data[i] = Number(stored);
  }
  return target;
}

/** Inputs side by side as floats, each cut or filled with 0 to its width in `inputdimensions`. */
function vectorize(call: KernelCall): EvalTensor {
  const inputs = call.tensors();
  const widths = call.node.ints('inputdimensions', []);
  requireLength(call, 'inputdimensions', widths.length, inputs.length);
  if (widths.some((width) => width < 0)) call.fail('ERR_EVAL_VALUE', 'inputdimensions', 'widths >= 0', widths.join());
  const rowsOf = (x: EvalTensor) => (x.dims.length === 1 ? 1 : x.dims[0]!);
  const rows = inputs[0] ? rowsOf(inputs[0]) : 0;
  const total = widths.reduce((a, b) => a + b, 0);
  const values = new Float64Array(call.reserve([rows, total]));
  let start = 0;
  inputs.forEach((x, index) => {
    if (x.dims.length < 1 || x.dims.length > 2 || rowsOf(x) !== rows) {
      call.fail('ERR_EVAL_SHAPE', `input ${index}`, `[${rows}, C]`, `[${x.dims.join(',')}]`);
    }
    const data = toDoubles(call, x);
    const own = elementCount(x.dims.slice(-1));
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < Math.min(own, widths[index]!); i++) values[row * total + start + i] = data[row * own + i]!;
    }
    start += widths[index]!;
  });
  return call.result('float32', [rows, total], values);
}

/** Operators that prepare numeric features. */
export const featureScaling: readonly Kernel[] = [
  defineKernel({ op: 'Scaler', domain, run: (call) => [scale(call)] }),
  defineKernel({ op: 'Binarizer', domain, run: (call) => [binarize(call)] }),
  defineKernel({ op: 'Normalizer', domain, run: (call) => [normalize(call)] }),
  defineKernel({ op: 'Imputer', domain, run: (call) => [impute(call)] }),
  defineKernel({ op: 'FeatureVectorizer', domain, run: (call) => [vectorize(call)] }),
];
