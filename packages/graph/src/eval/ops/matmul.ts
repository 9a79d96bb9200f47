import type { EvalTensor, NumberData } from '../eval-value.js';
import { isInteger } from '../../dtype.js';
import { binary, toDoubles, unary } from '../elementwise.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { broadcastDims, broadcastOffsets, broadcastStrides, permute, stridesOf, viewOffsets } from '../strided.js';

/** Row-major operands of a batch of products: a [batch.., m, k], b [batch.., k, n]. */
export interface ProductShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Element offsets of each product's operands. */
  readonly aStarts: Int32Array;
  readonly bStarts: Int32Array;
  /** Dims of the result, vectors' missing axes dropped. */
  readonly dims: readonly number[];
}

/** The shapes of a numpy matmul; throws ERR_EVAL_SHAPE. */
export function productShape(call: KernelCall, aDims: readonly number[], bDims: readonly number[]): ProductShape {
  if (aDims.length === 0 || bDims.length === 0) call.fail('ERR_EVAL_SHAPE', 'inputs', 'rank >= 1', 'rank 0');
  const a = aDims.length === 1 ? [1, ...aDims] : aDims;
  const b = bDims.length === 1 ? [...bDims, 1] : bDims;
  const [m, k] = [a.at(-2)!, a.at(-1)!];
  const n = b.at(-1)!;
  if (b.at(-2) !== k) call.fail('ERR_EVAL_SHAPE', 'inner dims', String(k), String(b.at(-2)));
  const [aBatch, bBatch] = [a.slice(0, -2), b.slice(0, -2)];
  const batch = broadcastDims(aBatch, bBatch);
  call.reserve(batch);
  const starts = (dims: readonly number[], size: number) =>
    viewOffsets(batch, broadcastStrides(dims, batch)).map((offset) => offset * size);
  const dims = [...batch, ...(aDims.length === 1 ? [] : [m]), ...(bDims.length === 1 ? [] : [n])];
  return { m, k, n, aStarts: starts(aBatch, m * k), bStarts: starts(bBatch, k * n), dims };
}

/** Products accumulated in double; element [batch, row, column] of the result is stored at its row-major place in `to`. */
export function multiply(call: KernelCall, shape: ProductShape, a: NumberData, b: NumberData, to: NumberData): void {
  const { m, k, n, aStarts, bStarts } = shape;
  call.charge(aStarts.length * m * k * n);
  const sums = new Float64Array(n);
  for (let p = 0; p < aStarts.length; p++) {
    for (let row = 0; row < m; row++) {
      sums.fill(0);
      for (let i = 0; i < k; i++) {
        const factor = a[aStarts[p]! + row * k + i]!;
        const start = bStarts[p]! + i * n;
        for (let column = 0; column < n; column++) sums[column]! += factor * b[start + column]!;
      }
      to.set(sums, (p * m + row) * n);
    }
  }
}

/** 64-bit integers, wrapping. */
function multiplyBig(shape: ProductShape, a: BigInt64Array, b: BigInt64Array, to: BigInt64Array): void {
  const { m, k, n, aStarts, bStarts } = shape;
  for (let p = 0; p < aStarts.length; p++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0n;
        for (let i = 0; i < k; i++) sum += a[aStarts[p]! + row * k + i]! * b[bStarts[p]! + i * n + column]!;
        to[(p * m + row) * n + column] = sum;
      }
    }
  }
}

/** 32-bit integers, wrapping: products would lose their low bits in double. */
function multiplySmall(call: KernelCall, shape: ProductShape, a: NumberData, b: NumberData, to: NumberData): void {
  const { m, k, n, aStarts, bStarts } = shape;
  call.charge(aStarts.length * m * k * n);
  for (let p = 0; p < aStarts.length; p++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let i = 0; i < k; i++) {
          sum = (sum + Math.imul(a[aStarts[p]! + row * k + i]!, b[bStarts[p]! + i * n + column]!)) | 0;
        }
        to[(p * m + row) * n + column] = sum;
      }
    }
  }
}

export function matmul(call: KernelCall, a: EvalTensor, b: EvalTensor): EvalTensor {
  const shape = productShape(call, a.dims, b.dims);
  const target = call.allocate(a.dtype, shape.dims);
  if (isBig(a.data) && isBig(b.data)) {
    call.charge(shape.aStarts.length * shape.m * shape.k * shape.n);
    multiplyBig(shape, a.data as BigInt64Array, b.data as BigInt64Array, target.data as BigInt64Array);
  } else {
    const product = isInteger(a.dtype) ? multiplySmall : multiply;
    product(call, shape, call.asNumbers(a), call.asNumbers(b), target.data as NumberData);
  }
  return target;
}

const times = (call: KernelCall, x: EvalTensor, factor: number): EvalTensor =>
  unary(call, x, { number: (value) => Math.imul(value, factor), bigint: (value) => value * BigInt(factor) });

/** Gemm: alpha * A' * B' + beta * C, rounded once. */
export function gemm(call: KernelCall): EvalTensor {
  const { node } = call;
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const a = node.int('transA', 0) ? permute(call, call.tensor(0), [1, 0]) : call.tensor(0);
  const b = node.int('transB', 0) ? permute(call, call.tensor(1), [1, 0]) : call.tensor(1);
  const c = call.optional(2);
  // Integers with factors that are integers stay exact.
  if (isInteger(a.dtype) && Number.isInteger(alpha) && Number.isInteger(beta)) {
    const product = times(call, matmul(call, a, b), alpha);
    return c
      ? binary(call, product, times(call, c, beta), { number: (x, y) => x + y, bigint: (x, y) => x + y })
      : product;
  }
  const shape = productShape(call, a.dims, b.dims);
  const sums = new Float64Array(call.reserve(shape.dims));
  multiply(call, shape, toDoubles(call, a), toDoubles(call, b), sums);
  const offsets = c && broadcastOffsets(c.dims, shape.dims);
  const addend = c && toDoubles(call, c);
  for (let i = 0; i < sums.length; i++) {
    sums[i] = alpha * sums[i]! + (addend ? beta * addend[offsets ? offsets[i]! : i]! : 0);
  }
  return call.result(a.dtype, shape.dims, sums);
}

/** Splits an Einsum equation; an ellipsis becomes digits for the axes it stands for. */
function parseEquation(call: KernelCall, shapes: readonly (readonly number[])[]): { terms: string[]; output: string } {
  const equation = call.node.string('equation', '').replaceAll(' ', '');
  const [left = '', right] = equation.split('->');
  const widest = Math.max(
    0,
    ...left.split(',').map((term, i) => (term.includes('...') ? shapes[i]!.length - (term.length - 3) : 0)),
  );
  const ellipsis = (count: number) => '0123456789'.slice(10 - count);
  const terms = left.split(',').map((term, i) => term.replace('...', ellipsis(shapes[i]!.length - (term.length - 3))));
  if (right !== undefined) return { terms, output: right.replace('...', ellipsis(widest)) };
  const labels = terms.join('');
  const once = [...new Set(labels)]
    .filter((label) => /[A-Za-z]/.test(label) && labels.split(label).length === 2)
    .sort();
  return { terms, output: ellipsis(widest) + once.join('') };
}

/** Sums of products of integers, modulo 2^64, stored in `target`. */
function exactSums(
  target: EvalTensor,
  inputs: readonly EvalTensor[],
  views: readonly Int32Array[],
  inner: number,
): EvalTensor {
  const data = inputs.map((input) => Array.from(input.data as ArrayLike<number | bigint>, BigInt));
  for (let i = 0; i < target.data.length; i++) {
    let sum = 0n;
    for (let j = i * inner; j < (i + 1) * inner; j++) {
      sum = BigInt.asIntN(64, sum + views.reduce((product, view, t) => product * data[t]![view[j]!]!, 1n));
    }
    if (isBig(target.data)) target.data[i] = sum;
    else (target.data as NumberData)[i] = Number(BigInt.asIntN(32, sum));
  }
  return target;
}

function einsum(call: KernelCall): EvalTensor {
  const inputs = call.tensors();
  const { terms, output } = parseEquation(
    call,
    inputs.map((input) => input.dims),
  );
  const size = new Map<string, number>();
  terms.forEach((term, i) =>
    [...term].forEach((label, axis) => size.set(label, Math.max(size.get(label) ?? 1, inputs[i]!.dims[axis] ?? 1))),
  );
  const summed = [...size.keys()].filter((label) => !output.includes(label));
  const all = [...output, ...summed];
  const dims = all.map((label) => size.get(label)!);
  call.reserve(dims);
  const views = inputs.map((input, i) => {
    const own = stridesOf(input.dims);
    // A label twice in one term walks the diagonal: its strides add.
    const strides = all.map((label) =>
      [...terms[i]!].reduce((sum, other, axis) => sum + (other === label && input.dims[axis]! > 1 ? own[axis]! : 0), 0),
    );
    return viewOffsets(dims, strides);
  });
  const target = call.allocate(
    inputs[0]!.dtype,
    [...output].map((label) => size.get(label)!),
  );
  const inner = summed.reduce((count, label) => count * size.get(label)!, 1);
  const sums = new Float64Array(target.data.length);
  call.charge(sums.length * inner);
  if (isInteger(target.dtype)) return exactSums(target, inputs, views, inner);
  const data = inputs.map((input) => toDoubles(call, input));
  for (let i = 0; i < sums.length * inner; i++) {
    let product = 1;
    for (let t = 0; t < views.length; t++) product *= data[t]![views[t]![i]!]!;
    sums[Math.floor(i / inner)]! += product;
  }
  return call.result(target.dtype, target.dims, sums);
}

export const matmulKernels: readonly Kernel[] = [
  defineKernel({ op: 'MatMul', run: (call) => [matmul(call, call.tensor(0), call.tensor(1))] }),
  defineKernel({ op: 'Gemm', run: (call) => [gemm(call)] }),
  defineKernel({ op: 'Einsum', run: (call) => [einsum(call)] }),
];
