import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { mapRows, sumOf } from '../rows.js';

/** e^(x - max) / sum, in place. A row of -Infinity alone gives NaN, as the standard's body does. */
export function softmaxRow(row: Float64Array): void {
  const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
  for (let i = 0; i < row.length; i++) row[i] = Math.exp(row[i]! - max);
  const sum = sumOf(row);
  for (let i = 0; i < row.length; i++) row[i]! /= sum;
}

export function logSoftmaxRow(row: Float64Array): void {
  const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const log = Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
  for (let i = 0; i < row.length; i++) row[i] = row[i]! - max - log;
}

/** 1 at the first maximum, 0 elsewhere. */
function hardmaxRow(row: Float64Array): void {
  const best = row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity));
  row.fill(0);
  if (best >= 0) row[best] = 1;
}

/** Before opset 13 the axes from `axis` (default 1) on form one row; since then `axis` (default -1) alone does. */
function alongAxis(call: KernelCall, map: (row: Float64Array) => void): EvalTensor {
  const x = call.tensor(0);
  const rank = x.dims.length;
  if (call.opset < 13) {
    const first = call.node.int('axis', 1);
    const start = first < 0 ? first + rank : first;
    return mapRows(call, x, x.dims.map((_, axis) => axis).slice(start), map);
  }
  return mapRows(call, x, [call.axis(call.node.int('axis', -1), rank)], map);
}

export const softmax: readonly Kernel[] = [
  defineKernel({ op: 'Softmax', run: (call) => [alongAxis(call, softmaxRow)] }),
  defineKernel({ op: 'LogSoftmax', run: (call) => [alongAxis(call, logSoftmaxRow)] }),
  defineKernel({ op: 'Hardmax', run: (call) => [alongAxis(call, hardmaxRow)] }),
];
