import { dtypeBits, isInteger } from '../../dtype.js';
import { type BinaryRule, binary, compare, fromDoubles, test, toDoubles, unary } from '../elementwise.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { broadcastDims, broadcastOffsets } from '../strided.js';

const ADD: BinaryRule = { number: (a, b) => a + b, bigint: (a, b) => a + b };
const MAX: BinaryRule = { number: Math.max, bigint: (a, b) => (a > b ? a : b) };
const MIN: BinaryRule = { number: Math.min, bigint: (a, b) => (a < b ? a : b) };

const binaryKernel = (op: string, rule: BinaryRule): Kernel =>
  defineKernel({ op, run: (call) => [binary(call, call.tensor(0), call.tensor(1), rule)] });

const foldKernel = (op: string, rule: BinaryRule): Kernel =>
  defineKernel({ op, run: (call) => [call.tensors().reduce((sum, next) => binary(call, sum, next, rule))] });

/** Integer division truncates; by zero it is not defined. */
const division = (call: KernelCall): BinaryRule => {
  const refuse = () => call.fail('ERR_EVAL_VALUE', 'divisor', 'an integer other than 0', '0');
  return {
    number: (a, b) => a / b,
    integer: (a, b) => (b === 0 ? refuse() : Math.trunc(a / b)),
    bigint: (a, b) => (b === 0n ? refuse() : a / b),
  };
};

/** fmod = 0: the remainder has the sign of the divisor; fmod = 1: of the dividend, as in C. */
const modulo = (call: KernelCall): BinaryRule => {
  const refuse = () => call.fail('ERR_EVAL_VALUE', 'divisor', 'an integer other than 0', '0');
  const truncated = call.node.int('fmod', 0) === 1;
  const signed = (rest: number, b: number) => (rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest);
  // A floating zero has the divisor's sign.
  const floored = (rest: number, b: number) => (rest === 0 ? (b < 0 ? -0 : 0) : signed(rest, b));
  return {
    number: (a, b) => (truncated ? a % b : floored(a % b, b)),
    integer: (a, b) => (b === 0 ? refuse() : truncated ? a % b : signed(a % b, b)),
    bigint: (a, b) => {
      if (b === 0n) return refuse();
      const rest = a % b;
      return !truncated && rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    },
  };
};

/** Base and exponent may have different dtypes; the result has the base's. */
function power(call: KernelCall): EvalTensor {
  const [base, exponent] = [call.tensor(0), call.tensor(1)];
  const dims = broadcastDims(base.dims, exponent.dims);
  call.reserve(dims);
  if (isInteger(base.dtype) && isInteger(exponent.dtype)) return integerPower(call, base, exponent, dims);
  const ib = broadcastOffsets(base.dims, dims);
  const ie = broadcastOffsets(exponent.dims, dims);
  const [x, y] = [toDoubles(call, base), toDoubles(call, exponent)];
  const result = call.allocate(base.dtype, dims);
  const powers = Float64Array.from(result.data as ArrayLike<number>, (_, i) =>
    realPower(x[ib ? ib[i]! : i]!, y[ie ? ie[i]! : i]!),
  );
  return fromDoubles(call, base.dtype, dims, isBig(base.data) ? powers.map(Math.trunc) : powers);
}

/** Integers to integers, exact modulo the width of the base. */
function integerPower(call: KernelCall, base: EvalTensor, exponent: EvalTensor, dims: readonly number[]): EvalTensor {
  const ib = broadcastOffsets(base.dims, dims);
  const ie = broadcastOffsets(exponent.dims, dims);
  const target = call.allocate(base.dtype, dims);
  const { data } = target;
  const at = (x: EvalTensor, index: number) => BigInt(x.data[index] as number | bigint);
  for (let i = 0; i < data.length; i++) {
    const power = bigPower(at(base, ib ? ib[i]! : i), at(exponent, ie ? ie[i]! : i));
    if (isBig(data)) data[i] = power;
    else (data as NumberData)[i] = Number(BigInt.asIntN(32, power));
  }
  return target;
}

/** IEEE 754 pow: 1 to any power is 1, NaN included, and -1 to an infinite one is; JavaScript says NaN. */
function realPower(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return Math.pow(base, exponent);
}

/** a ** n modulo 2^64 by squaring, so that a huge exponent costs 64 steps; a negative exponent gives 0, 1 or -1. */
function bigPower(a: bigint, n: bigint): bigint {
  if (n < 0n) return a === 1n ? 1n : a === -1n ? (n % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  for (let square = a; n > 0n; n >>= 1n, square = BigInt.asIntN(64, square * square)) {
    if (n & 1n) result = BigInt.asIntN(64, result * square);
  }
  return result;
}

function shift(call: KernelCall): EvalTensor {
  const bits = dtypeBits(call.tensor(0).dtype);
  const left = call.node.string('direction', '') === 'LEFT';
  return binary(call, call.tensor(0), call.tensor(1), {
    // A count outside [0, bits) moves everything out but the sign; JavaScript would wrap it.
    number: (a, n) => (n >= 0 && n < bits ? (left ? a << n : Math.floor(a / 2 ** n)) : !left && a < 0 ? -1 : 0),
    bigint: (a, n) => (n >= 0n && n < 64n ? (left ? a << n : a >> n) : !left && a < 0n ? -1n : 0n),
  });
}

const equal = <T>(a: T, b: T) => a === b;
const less = <T extends number | bigint | string>(a: T, b: T) => a < b;
const lessOrEqual = <T extends number | bigint | string>(a: T, b: T) => a <= b;

const compareKernel = (op: string, relation: typeof less): Kernel =>
  defineKernel({ op, run: (call) => [compare(call, call.tensor(0), call.tensor(1), relation)] });

/** ONNX Where: element of input 1 where the condition holds, else of input 2. */
function where(call: KernelCall): EvalTensor {
  const [condition, x, y] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  if (x.dtype !== y.dtype) call.fail('ERR_EVAL_INPUT', 'inputs', 'one dtype', `${x.dtype} and ${y.dtype}`);
  const dims = broadcastDims(condition.dims, x.dims, y.dims);
  const target = call.allocate(x.dtype, dims);
  const [ic, ix, iy] = [condition, x, y].map((input) => broadcastOffsets(input.dims, dims));
  // All three hold elements of one kind; the compiler cannot see that.
  const [to, yes, no] = [target, x, y].map((tensor) => tensor.data as unknown as Record<number, number>);
  for (let i = 0; i < target.data.length; i++) {
    to![i] = condition.data[ic ? ic[i]! : i] ? yes![ix ? ix[i]! : i]! : no![iy ? iy[i]! : i]!;
  }
  return target;
}

/** The mean of broadcast tensors: their sum divided once. */
function mean(call: KernelCall): EvalTensor {
  const sum = call.tensors().reduce((total, next) => binary(call, total, next, ADD));
  const count = call.inputs.length;
  return unary(call, sum, { number: (x) => x / count });
}

export const arithmetic: readonly Kernel[] = [
  binaryKernel('Add', ADD),
  binaryKernel('Sub', { number: (a, b) => a - b, bigint: (a, b) => a - b }),
  // imul keeps the low 32 bits that a double product would lose.
  binaryKernel('Mul', { number: (a, b) => a * b, integer: Math.imul, bigint: (a, b) => a * b }),
  defineKernel({ op: 'Div', run: (call) => [binary(call, call.tensor(0), call.tensor(1), division(call))] }),
  defineKernel({ op: 'Mod', run: (call) => [binary(call, call.tensor(0), call.tensor(1), modulo(call))] }),
  defineKernel({ op: 'Pow', run: (call) => [power(call)] }),
  foldKernel('Max', MAX),
  foldKernel('Min', MIN),
  foldKernel('Sum', ADD),
  defineKernel({ op: 'Mean', run: (call) => [mean(call)] }),
  defineKernel({ op: 'BitShift', run: (call) => [shift(call)] }),
  binaryKernel('BitwiseAnd', { number: (a, b) => a & b, bigint: (a, b) => a & b }),
  binaryKernel('BitwiseOr', { number: (a, b) => a | b, bigint: (a, b) => a | b }),
  binaryKernel('BitwiseXor', { number: (a, b) => a ^ b, bigint: (a, b) => a ^ b }),
  defineKernel({
    op: 'BitwiseNot',
    run: (call) => [unary(call, call.tensor(0), { number: (x) => ~x, bigint: (x) => ~x })],
  }),
  binaryKernel('And', { number: (a, b) => a & b }),
  binaryKernel('Or', { number: (a, b) => a | b }),
  binaryKernel('Xor', { number: (a, b) => a ^ b }),
  defineKernel({ op: 'Not', run: (call) => [unary(call, call.tensor(0), { number: (x) => 1 - x })] }),
  compareKernel('Equal', equal),
  compareKernel('Less', less),
  compareKernel('LessOrEqual', lessOrEqual),
  compareKernel('Greater', (a, b) => a > b),
  compareKernel('GreaterOrEqual', (a, b) => a >= b),
  defineKernel({ op: 'Where', run: (call) => [where(call)] }),
  defineKernel({ op: 'IsNaN', run: (call) => [test(call, call.tensor(0), Number.isNaN)] }),
  defineKernel({
    op: 'IsInf',
    run: (call) => {
      const positive = call.node.int('detect_positive', 1) === 1;
      const negative = call.node.int('detect_negative', 1) === 1;
      return [test(call, call.tensor(0), (x) => (positive && x === Infinity) || (negative && x === -Infinity))];
    },
  }),
];
