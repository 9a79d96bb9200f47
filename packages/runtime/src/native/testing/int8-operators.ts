import { roundHalfEven, Tensor } from '@gossamer/graph';
import type { ProgramAttribute } from '../program-builder.js';
import { activated, spatial, windowOf } from './own-operators.js';
import { runStandard } from './run-standard.js';

type Attributes = Readonly<Record<string, ProgramAttribute>>;
const { fround } = Math;

const number = (attributes: Attributes, name: string, otherwise = 0): number => Number(attributes[name] ?? otherwise);
const list = (attributes: Attributes, name: string): readonly number[] => {
  const value = attributes[name];
  return typeof value === 'number' ? [value] : ((value ?? []) as readonly number[]);
};
const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
const wide = (tensor: Tensor, zero: (index: number) => number) =>
  Tensor.of(
    'float64',
    tensor.dims,
    tensor.toFloat64().map((code, i) => code - zero(i)),
  );

/** Int8Linear and Int8Conv: exact int32 sums of codes less their zero points, then what Int8Output says (native/kernels/linear.h). */
export function int8Layer(
  [x, w, bias, residual, xScale, xZero, offset]: readonly (Tensor | undefined)[],
  attributes: Attributes,
  product: (x: Tensor, w: Tensor) => Tensor,
): Tensor {
  if (x!.dtype !== 'uint8') throw new Error(`x: expected uint8, received ${x!.dtype}`);
  const zero = xZero ? xZero.item() : number(attributes, 'x_zero_point');
  const zeros = list(attributes, 'w_zero_points');
  const columns = attributes['trans_b'] === 0 ? w!.dims[1]! : w!.dims[0]!;
  const inner = w!.length / w!.dims[0]!;
  const outputOf = (i: number) => (attributes['trans_b'] === 0 ? i % columns : Math.floor(i / inner));
  const centred = wide(w!, (i) => (zeros.length === 0 ? 0 : zeros[zeros.length === 1 ? 0 : outputOf(i)]!));
  const sums = product(
    wide(x!, () => zero),
    centred,
  );
  const channels = sums.dims.at(-1)!;
  const biases = bias?.toFloat64();
  const acc = Int32Array.from(sums.toFloat64(), (sum, i) => sum + (biases ? biases[i % channels]! : 0));
  if (attributes['result'] === 'int32') return Tensor.of('int32', sums.dims, acc);
  const given = list(attributes, 'scales');
  const scales = Array.from({ length: channels }, (_, n) => {
    const scale = fround(given[given.length === 1 ? 0 : n]!);
    return xScale ? fround(scale * fround(xScale.item())) : scale;
  });
  if (attributes['result'] === 'float') {
    const offsets = offset?.toFloat64();
    const y = Float32Array.from(
      acc,
      (sum, i) => fround(sum) * scales[i % channels]! + (offsets ? offsets[i % channels]! : 0),
    );
    const result = activated(Tensor.of('float32', sums.dims, y), attributes);
    return residual ? runStandard('Add', [result, residual])[0]! : result;
  }
  return Tensor.of('uint8', sums.dims, requantized(acc, scales, residual, attributes));
}

function requantized(
  acc: Int32Array,
  scales: readonly number[],
  residual: Tensor | undefined,
  attributes: Attributes,
): Uint8Array {
  const [zero, low, high] = ['y_zero_point', 'low', 'high'].map((name) => number(attributes, name)) as [
    number,
    number,
    number,
  ];
  const others = residual?.bytes();
  if (others && others.length !== acc.length) throw new Error('residual: not of the shape of the result');
  return Uint8Array.from(acc, (sum, i) => {
    const q = clamp(roundHalfEven(fround(fround(sum) * scales[i % scales.length]!)) + zero, low, high);
    if (!others) return q;
    const rest = fround(
      (others[i]! - number(attributes, 'residual_zero_point')) * fround(number(attributes, 'residual_ratio')),
    );
    const total = fround((q - zero) * fround(number(attributes, 'own_ratio')) + rest);
    const [sumLow, sumHigh] = [number(attributes, 'sum_low'), number(attributes, 'sum_high')];
    return clamp(roundHalfEven(total) + number(attributes, 'sum_zero_point'), sumLow, sumHigh);
  });
}

const real = (codes: Tensor, scale: number, zero: number) =>
  Tensor.of(
    'float32',
    codes.dims,
    Float32Array.from(codes.bytes(), (code) => (code - zero) * fround(scale)),
  );
const quantized = (reals: Tensor, scale: number, zero: number, low = 0, high = 255) =>
  Tensor.of(
    'uint8',
    reals.dims,
    Uint8Array.from(reals.toFloat32(), (value) =>
      clamp(roundHalfEven(fround(value / fround(scale))) + zero, low, high),
    ),
  );

/** DequantizeLinear, the operator, QuantizeLinear, in the standard's float32 arithmetic. */
export function int8Binary(a: Tensor, b: Tensor, attributes: Attributes): Tensor {
  const op = { add: 'Add', sub: 'Sub', mul: 'Mul' }[String(attributes['operation'])]!;
  const left = real(a, number(attributes, 'a_scale'), number(attributes, 'a_zero_point'));
  const right = real(b, number(attributes, 'b_scale'), number(attributes, 'b_zero_point'));
  const y = runStandard(op, [left, right])[0]!;
  const [low, high] = [number(attributes, 'low', 0), number(attributes, 'high', 255)];
  return quantized(y, number(attributes, 'y_scale'), number(attributes, 'y_zero_point'), low, high);
}

export function int8Average(x: Tensor, attributes: Attributes): Tensor {
  const reals = real(x, number(attributes, 'x_scale'), number(attributes, 'x_zero_point'));
  const names = ['kernel_shape', 'strides', 'pads', 'dilations', 'ceil_mode', 'count_include_pad'];
  const mean =
    attributes['global'] === 1
      ? spatial('GlobalAveragePool', [reals], {})
      : spatial('AveragePool', [reals], windowOf(attributes, ...names));
  return quantized(mean, number(attributes, 'y_scale'), number(attributes, 'y_zero_point'));
}

export function int8Concat(parts: readonly Tensor[], attributes: Attributes): Tensor {
  const [scales, zeros] = [list(attributes, 'scales'), list(attributes, 'zero_points')];
  const reals = parts.map((part, i) => real(part, scales[i]!, zeros[i]!));
  const joined = runStandard('Concat', reals, { axis: number(attributes, 'axis') })[0]!;
  return quantized(joined, number(attributes, 'y_scale'), number(attributes, 'y_zero_point'));
}
