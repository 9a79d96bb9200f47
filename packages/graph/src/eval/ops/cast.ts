import { type DType, dtypeBits, dtypeFromCode, isInteger } from '../../dtype.js';
import { GossamerError } from '../../errors.js';
import { decodeFloat, encodeFloat, roundHalfEven } from '../../ir/small-float.js';
import { Tensor } from '../../ir/tensor.js';
import { type EvalTensor, fromTensor, smallFormat, toTensor } from '../eval-value.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';

/**
 * Converts to `dtype` as Cast does: floats to integers truncate, integers wrap to the narrower width, anything but 0 is true, float8
 * and float4 saturate unless `saturate` is false (then: Inf or NaN).
 */
export function convert(
  call: KernelCall,
  source: EvalTensor,
  dtype: DType,
  saturate = true,
  roundMode = 'up',
): EvalTensor {
  if (source.dtype === dtype) return source;
  const target = call.allocate(dtype, source.dims);
  const { data } = target;
  const from = source.data as ArrayLike<number | bigint | string>;
  if (Array.isArray(data)) {
    for (let i = 0; i < from.length; i++) data[i] = spell(from[i]!, source.dtype);
  } else if (isBig(data)) {
    for (let i = 0; i < from.length; i++) data[i] = toBigInt(from[i]!);
  } else if (dtype === 'bool') {
    for (let i = 0; i < from.length; i++) data[i] = toTruth(from[i]!) ? 1 : 0;
  } else {
    const narrow = narrowing(dtype, saturate, roundMode);
    const wide = isBig(source.data) && isInteger(dtype);
    for (let i = 0; i < from.length; i++) {
      // Wrapping a bigint first: as a double it would lose the low bits.
      const number = wide ? Number(BigInt.asIntN(32, from[i] as bigint)) : toNumber(from[i]!);
      data[i] = narrow(number);
    }
  }
  return target;
}

/** What a number becomes before it is stored in an array of `dtype`. */
export function narrowing(dtype: DType, saturate: boolean, roundMode: string): (x: number) => number {
  const bits = dtypeBits(dtype);
  if (isInteger(dtype)) {
    if (bits >= 8) return Math.trunc;
    const span = 2 ** bits;
    const wrap = (x: number) => ((Math.trunc(x) % span) + span) % span;
    return dtype.startsWith('u') ? wrap : (x) => (wrap(x) >= span / 2 ? wrap(x) - span : wrap(x));
  }
  if (dtype === 'float8e8m0') return powerOfTwo(roundMode);
  const format = smallFormat(dtype);
  if (!format || bits > 8) return (x) => x;
  const largest = decodeFloat(encodeFloat(Infinity, format), format);
  const step = 2 ** (Math.floor(Math.log2(largest)) - format.mantissaBits);
  // What has no infinity nor NaN saturates in any case.
  if (saturate || format.specials === 'none') return (x) => Math.max(-largest, Math.min(largest, x));
  const overflow = format.specials === 'ieee' ? Infinity : NaN;
  return (x) => {
    if (roundHalfEven(Math.abs(x) / step) * step <= largest || Number.isNaN(x)) return x;
    return Math.sign(x) * overflow;
  };
}

/** The power of two that float8e8m0 keeps of a positive number; 0 and below give the smallest one, Inf the largest. */
function powerOfTwo(roundMode: string): (x: number) => number {
  const round = roundMode === 'up' ? Math.ceil : roundMode === 'down' ? Math.floor : nearestExponent;
  return (x) => (Number.isNaN(x) ? x : 2 ** Math.max(-127, Math.min(127, round(Math.log2(Math.max(0, x))))));
}

/** Nearest in value, not in the exponent: 1.5 is the tie between 1 and 2, which goes up. */
const nearestExponent = (exponent: number) =>
  Math.floor(exponent) + (2 ** (exponent - Math.floor(exponent)) >= 1.5 ? 1 : 0);

function toNumber(element: number | bigint | string): number {
  if (typeof element !== 'string') return Number(element);
  const text = element
    .trim()
    .toLowerCase()
    .replace(/^([+-]?)inf(inity)?$/, '$1Infinity');
  const number = text === '' ? NaN : Number(text.replace('infinity', 'Infinity'));
  if (Number.isNaN(number) && !/^[+-]?nan$/.test(text)) {
    throw new GossamerError('ERR_EVAL_VALUE', `Cast: expected strings that are numbers, received ${element}`);
  }
  return number;
}

/** Anything but 0 is true; of strings also the spellings of truth values. */
function toTruth(element: number | bigint | string): boolean {
  if (typeof element === 'string' && /^(true|false)$/i.test(element)) return element.toLowerCase() === 'true';
  return toNumber(element) !== 0;
}

function toBigInt(element: number | bigint | string): bigint {
  if (typeof element === 'bigint') return element;
  if (typeof element === 'string' && /^\s*[+-]?\d+\s*$/.test(element)) return BigInt(element.replace('+', ''));
  const integer = Math.trunc(toNumber(element));
  // NaN and infinities have no integer; the hardware's answer is the smallest one.
  return Number.isFinite(integer) ? BigInt(integer) : -(1n << 63n);
}

/** Numbers as strings: the shortest spelling that reads back as the same value of their dtype. */
function spell(element: number | bigint | string, dtype: DType): string {
  if (typeof element !== 'number') return String(element);
  if (dtype === 'bool') return element ? 'True' : 'False';
  if (Number.isNaN(element)) return 'NaN';
  if (!Number.isFinite(element)) return element > 0 ? 'INF' : '-INF';
  if (dtype !== 'float32' || Number.isSafeInteger(element)) return String(element);
  for (let digits = 1; digits < 9; digits++) {
    const text = element.toPrecision(digits);
    if (Math.fround(Number(text)) === element) return String(Number(text));
  }
  return String(Number(element.toPrecision(9)));
}

/** The dtype an attribute names by its code. */
export function dtypeAttribute(call: KernelCall, name: string, fallback: DType): DType {
  const code = call.node.int(name, 0);
  if (code === 0) return fallback;
  const dtype = dtypeFromCode(code);
  if (!dtype) call.fail('ERR_EVAL_OP', name, 'the code of a known dtype', String(code));
  return dtype;
}

/** The same bytes read as another dtype. */
function bitCast(call: KernelCall): EvalTensor {
  const source = call.tensor(0);
  const to = dtypeAttribute(call, 'to', source.dtype);
  call.reserve(source.dims);
  if (dtypeBits(source.dtype) !== dtypeBits(to) || to === 'string') {
    call.fail('ERR_EVAL_OP', 'to', `a dtype of ${dtypeBits(source.dtype)} bits`, to);
  }
  // In precision 'float64' float32 lies in doubles.
  const data = source.dtype === 'float32' ? Float32Array.from(source.data as Float64Array) : source.data;
  const { dims } = source;
  return fromTensor(Tensor.of(to, dims, toTensor({ ...source, data }, 'float32').bytes()), call.precision);
}

export const cast: readonly Kernel[] = [
  defineKernel({
    op: 'Cast',
    run: (call) => {
      const source = call.tensor(0);
      const to = dtypeAttribute(call, 'to', source.dtype);
      return [convert(call, source, to, call.node.int('saturate', 1) === 1, call.node.string('round_mode', 'up'))];
    },
  }),
  defineKernel({
    op: 'CastLike',
    run: (call) => {
      const [saturate, roundMode] = [call.node.int('saturate', 1) === 1, call.node.string('round_mode', 'up')];
      return [convert(call, call.tensor(0), call.tensor(1).dtype, saturate, roundMode)];
    },
  }),
  defineKernel({ op: 'BitCast', run: (call) => [bitCast(call)] }),
];
