import type { DType } from '../dtype.js';
import { isFloat } from '../dtype.js';
import type { EvalTensor, NumberData } from './eval-value.js';
import { isBig, type KernelCall } from './kernel.js';
import { broadcastDims, broadcastOffsets } from './strided.js';

/** A function of one element, for numbers and (where integers of 64 bits are allowed) bigints. */
export interface UnaryRule {
  readonly number: (x: number) => number;
  readonly bigint?: (x: bigint) => bigint;
}

/** A function of two elements. Results wrap when they are stored in integers. */
export interface BinaryRule {
  readonly number: (a: number, b: number) => number;
  /** For integers of at most 32 bits, where it differs from `number`. */
  readonly integer?: (a: number, b: number) => number;
  readonly bigint?: (a: bigint, b: bigint) => bigint;
}

/** Applies a rule to every element; the result has the dtype of `x`. */
export function unary(call: KernelCall, x: EvalTensor, rule: UnaryRule): EvalTensor {
  const target = call.allocate(x.dtype, x.dims);
  if (isBig(x.data)) {
    if (!rule.bigint) call.fail('ERR_EVAL_OP', 'input', 'a dtype this operator is defined for', x.dtype);
    const to = target.data as BigInt64Array;
    for (let i = 0; i < to.length; i++) to[i] = rule.bigint(x.data[i]!);
    return target;
  }
  const from = call.asNumbers(x);
  const to = target.data as NumberData;
  const apply = rule.number;
  for (let i = 0; i < to.length; i++) to[i] = apply(from[i]!);
  return target;
}

/** Applies a rule to two broadcast tensors of one dtype, which the result has too. */
export function binary(call: KernelCall, a: EvalTensor, b: EvalTensor, rule: BinaryRule): EvalTensor {
  if (a.dtype !== b.dtype) call.fail('ERR_EVAL_INPUT', 'inputs', 'one dtype', `${a.dtype} and ${b.dtype}`);
  const dims = broadcastDims(a.dims, b.dims);
  const target = call.allocate(a.dtype, dims);
  const ia = broadcastOffsets(a.dims, dims);
  const ib = broadcastOffsets(b.dims, dims);
  if (isBig(a.data)) {
    const [x, y, to] = [a.data, b.data as BigInt64Array, target.data as BigInt64Array];
    if (!rule.bigint) call.fail('ERR_EVAL_OP', 'input', 'a dtype this operator is defined for', a.dtype);
    for (let i = 0; i < to.length; i++) to[i] = rule.bigint(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!);
    return target;
  }
  const [x, y, to] = [call.asNumbers(a), call.asNumbers(b), target.data as NumberData];
  const apply = isFloat(a.dtype) ? rule.number : (rule.integer ?? rule.number);
  for (let i = 0; i < to.length; i++) to[i] = apply(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!);
  return target;
}

/** Compares two broadcast tensors of one dtype; the result is bool. */
export function compare(
  call: KernelCall,
  a: EvalTensor,
  b: EvalTensor,
  test: <T extends number | bigint | string>(a: T, b: T) => boolean,
): EvalTensor {
  if (a.dtype !== b.dtype) call.fail('ERR_EVAL_INPUT', 'inputs', 'one dtype', `${a.dtype} and ${b.dtype}`);
  const dims = broadcastDims(a.dims, b.dims);
  const target = call.allocate('bool', dims);
  const ia = broadcastOffsets(a.dims, dims);
  const ib = broadcastOffsets(b.dims, dims);
  const to = target.data as Uint8Array;
  for (let i = 0; i < to.length; i++) to[i] = test(a.data[ia ? ia[i]! : i]!, b.data[ib ? ib[i]! : i]!) ? 1 : 0;
  return target;
}

/** A bool for every element of `x`. */
export function test(call: KernelCall, x: EvalTensor, predicate: (x: number) => boolean): EvalTensor {
  const from = call.asNumbers(x);
  const target = call.allocate('bool', x.dims);
  const to = target.data as Uint8Array;
  for (let i = 0; i < to.length; i++) to[i] = predicate(from[i]!) ? 1 : 0;
  return target;
}

/** The elements as doubles: 64-bit integers are converted (exact below 2^53). */
export function toDoubles(call: KernelCall, x: EvalTensor): NumberData {
  return isBig(x.data) ? Float64Array.from(x.data, Number) : call.asNumbers(x);
}

/** Stores doubles in `dtype`: floats round, integers truncate and wrap. */
export function fromDoubles(
  call: KernelCall,
  dtype: DType,
  dims: readonly number[],
  values: ArrayLike<number>,
): EvalTensor {
  return call.result(dtype, dims, values);
}
