import { type DType, dtypeBits, isFloat } from '../../dtype.js';
import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor } from '../eval-value.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { reduceRows, rowsAlong, sumOf } from '../rows.js';

interface Reduction {
  readonly number: (row: Float64Array) => number;
  /** Over 64-bit integers; results wrap. */
  readonly bigint?: (row: readonly bigint[]) => bigint;
  /** Over integers of at most 32 bits, where doubles would lose the low bits. */
  readonly integer?: (row: Float64Array) => number;
  /** Over integers and bools, what no elements reduce to; default: what the functions above give. */
  readonly empty?: (dtype: DType) => bigint;
  /** From this opset on axes are an input. */
  readonly axesInput: number;
}

/** The smallest and the largest number of an integer dtype or bool: the least and the greatest of no elements. */
const smallest = (dtype: DType): bigint => (dtype.startsWith('int') ? -(1n << BigInt(dtypeBits(dtype) - 1)) : 0n);
const greatest = (dtype: DType): bigint =>
  dtype === 'bool' ? 1n : (1n << BigInt(dtypeBits(dtype) - (dtype.startsWith('int') ? 1 : 0))) - 1n;

const largest = (row: Float64Array) => row.reduce((a, b) => Math.max(a, b), -Infinity);

function logSumExp(row: Float64Array): number {
  const max = largest(row);
  if (!Number.isFinite(max)) return max;
  return max + Math.log(sumOf(row.map((x) => Math.exp(x - max))));
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: { number: sumOf, bigint: (row) => row.reduce((a, b) => a + b, 0n), axesInput: 13 },
  ReduceMean: {
    number: (row) => sumOf(row) / row.length,
    bigint: (row) => row.reduce((a, b) => a + b, 0n) / BigInt(row.length),
    axesInput: 18,
  },
  ReduceProd: {
    number: (row) => row.reduce((a, b) => a * b, 1),
    bigint: (row) => row.reduce((a, b) => BigInt.asIntN(64, a * b), 1n),
    integer: (row) => row.reduce((a, b) => Math.imul(a, b), 1),
    axesInput: 18,
  },
  ReduceMax: {
    number: largest,
    bigint: (row) => row.reduce((a, b) => (a > b ? a : b)),
    empty: smallest,
    axesInput: 18,
  },
  ReduceMin: {
    number: (row) => row.reduce((a, b) => Math.min(a, b), Infinity),
    bigint: (row) => row.reduce((a, b) => (a < b ? a : b)),
    empty: greatest,
    axesInput: 18,
  },
  ReduceL1: {
    number: (row) => row.reduce((sum, x) => sum + Math.abs(x), 0),
    bigint: (row) => row.reduce((sum, x) => sum + (x < 0n ? -x : x), 0n),
    axesInput: 18,
  },
  ReduceL2: { number: (row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)), axesInput: 18 },
  ReduceSumSquare: {
    number: (row) => row.reduce((sum, x) => sum + x * x, 0),
    bigint: (row) => row.reduce((sum, x) => sum + x * x, 0n),
    integer: (row) => row.reduce((sum, x) => (sum + Math.imul(x, x)) | 0, 0),
    axesInput: 18,
  },
  ReduceLogSum: { number: (row) => Math.log(sumOf(row)), axesInput: 18 },
  ReduceLogSumExp: { number: logSumExp, axesInput: 18 },
};

/** Reduced axes and the result's dims. No axes mean all, unless noop_with_empty_axes says none. */
function reducedAxes(call: KernelCall, dims: readonly number[], axesInput: number) {
  const given = call.opset >= axesInput ? call.optionalIntegers(1) : call.node.ints('axes', undefined);
  const none = !given || given.length === 0;
  if (none && call.node.int('noop_with_empty_axes', 0) === 1) return undefined;
  const axes = none ? dims.map((_, axis) => axis) : given.map((axis) => call.axis(axis, dims.length));
  const keep = call.node.int('keepdims', 1) === 1;
  const result = dims
    .map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    .filter((_, axis) => keep || !axes.includes(axis));
  return { axes, dims: result };
}

function reduce(call: KernelCall, reduction: Reduction): EvalTensor {
  const x = call.tensor(0);
  const plan = reducedAxes(call, x.dims, reduction.axesInput);
  // Without axes each element is a row of its own: the function still applies (ReduceL1 takes the absolute value).
  const axes = plan?.axes ?? [];
  const dims = plan?.dims ?? x.dims;
  const isEmpty = !isFloat(x.dtype) && axes.some((axis) => x.dims[axis] === 0);
  if (isEmpty && reduction.empty) return filled(call, x.dtype, dims, reduction.empty(x.dtype));
  if (isEmpty && call.node.op === 'ReduceMean' && elementCount(dims) > 0) {
    call.fail('ERR_EVAL_VALUE', 'input', 'at least 1 integer to take the mean of', '0');
  }
  if (isBig(x.data) && reduction.bigint) {
    const target = call.allocate(x.dtype, dims);
    const { starts, inside } = rowsAlong(x.dims, axes);
    const { data } = x;
    for (let r = 0; r < target.data.length; r++) {
      const row = Array.from(inside, (offset) => data[starts[r]! + offset]!);
      (target.data as BigInt64Array)[r] = reduction.bigint(row);
    }
    return target;
  }
  const integral = !isFloat(x.dtype);
  const truncated = (row: Float64Array) => Math.trunc(reduction.number(row));
  const number = integral ? (reduction.integer ?? truncated) : reduction.number;
  return reduceRows(call, x, axes, x.dtype, dims, number);
}

function filled(call: KernelCall, dtype: DType, dims: readonly number[], value: bigint): EvalTensor {
  const target = call.allocate(dtype, dims);
  if (isBig(target.data)) target.data.fill(value);
  else call.asNumbers(target).fill(Number(value));
  return target;
}

/** ArgMax and ArgMin: the first extreme along `axis`, or the last with select_last_index. NaN counts as extreme. */
function argExtreme(call: KernelCall, sign: 1 | -1): EvalTensor {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', 0), x.dims.length);
  const last = call.node.int('select_last_index', 0) === 1;
  const keep = call.node.int('keepdims', 1) === 1;
  const dims = x.dims.map((dim, i) => (i === axis ? 1 : dim)).filter((_, i) => keep || i !== axis);
  if (x.dims[axis] === 0 && elementCount(dims) > 0) call.fail('ERR_EVAL_SHAPE', 'axis', 'at least 1 element', '0');
  return reduceRows(call, x, [axis], 'int64', dims, (row) => {
    let best = 0;
    for (let i = 1; i < row.length; i++) {
      const [value, champion] = [row[i]! * sign, row[best]! * sign];
      if (value > champion || (last && value === champion) || (Number.isNaN(value) && !Number.isNaN(champion)))
        best = i;
    }
    return best;
  });
}

export const reduction: readonly Kernel[] = [
  ...Object.entries(REDUCTIONS).map(([op, rule]) => defineKernel({ op, run: (call) => [reduce(call, rule)] })),
  defineKernel({ op: 'ArgMax', run: (call) => [argExtreme(call, 1)] }),
  defineKernel({ op: 'ArgMin', run: (call) => [argExtreme(call, -1)] }),
];
