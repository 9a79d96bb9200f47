import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { toDoubles } from '../elementwise.js';
import type { KernelCall } from '../kernel.js';
import { broadcastDims, broadcastStrides, permute, reshape } from '../strided.js';

/** [batch, sequence, heads * size] as [batch, heads, sequence, size]; a rank 4 tensor is that already. */
export function byHeads(call: KernelCall, x: EvalTensor, heads: number): EvalTensor {
  const [batch = 0, sequence = 0, hidden = 0] = x.dims;
  if (x.dims.length === 4) return x;
  if (x.dims.length !== 3 || !(hidden % heads === 0)) {
    call.fail('ERR_EVAL_SHAPE', 'input', `[batch, sequence, ${heads} * size]`, `[${x.dims.join(',')}]`);
  }
  return permute(call, reshape(x, [batch, sequence, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** The contrary of `byHeads`. */
export function joinHeads(call: KernelCall, x: EvalTensor): EvalTensor {
  const [batch = 0, heads = 0, sequence = 0, size = 0] = x.dims;
  return reshape(permute(call, x, [0, 2, 1, 3]), [batch, sequence, heads * size]);
}

/** What is added to the score of a query and a key; -Infinity where it may not see it. */
export type Bias = (batch: number, head: number, query: number, key: number) => number;

/** Reads a tensor that broadcasts to `dims` = [batch, heads, queries, keys]; ERR_EVAL_SHAPE where it does not. */
export function biasReader(call: KernelCall, x: EvalTensor, dims: readonly number[]): Bias {
  if (broadcastDims(x.dims, dims).join(',') !== dims.join(',')) {
    call.fail(
      'ERR_EVAL_SHAPE',
      'mask or bias',
      `a shape that broadcasts to [${dims.join(',')}]`,
      `[${x.dims.join(',')}]`,
    );
  }
  const [b, h, q, k] = broadcastStrides(x.dims, dims) as [number, number, number, number];
  const data = toDoubles(call, x);
  return (batch, head, query, key) => data[batch * b + head * h + query * q + key * k]!;
}

/** Stages of the scores: scaled products, capped, biased, probabilities. */
export type Stage = 0 | 1 | 2 | 3;

/** How scores become probabilities. */
export interface AttendOptions {
  readonly scale: number;
  /** Scores s become cap * tanh(s / cap); 0 leaves them. */
  readonly cap?: number;
  readonly bias: Bias;
  /** The score of nothing, which takes its share of the probability. */
  readonly sink?: ((head: number) => number) | undefined;
  /** Takes the scores of query `row` (over batch, heads and queries) at each stage. */
  readonly show?: ((stage: Stage, row: number, scores: Float64Array) => void) | undefined;
}

/**
 * Scaled dot-product attention of q [batch, heads, queries, size] over k [batch, shared, keys, size] and v [batch, shared, keys, width],
 * where heads / shared neighbouring heads read one head of k and v. A query that sees nothing gives zeros. Result: [batch, heads,
 * queries, width] in the dtype of q. Source: Vaswani et al. 2017, Attention Is All You Need, equation 1.
 */
export function attend(
  call: KernelCall,
  q: EvalTensor,
  k: EvalTensor,
  v: EvalTensor,
  options: AttendOptions,
): EvalTensor {
  const [batch = 0, heads = 0, queries = 0, size = 0] = q.dims;
  const [, shared = 0, keys = 0, width = 0] = v.dims;
  const agree = k.dims[0] === batch && k.dims[1] === shared && k.dims[2] === keys && k.dims[3] === size;
  if (!agree || v.dims[0] !== batch || !(heads % shared === 0)) {
    const dims = [q, k, v].map((x) => `[${x.dims.join(',')}]`).join(', ');
    call.fail('ERR_EVAL_SHAPE', 'query, key, value', 'shapes of one attention', dims);
  }
  const rows = call.reserve([batch, heads, queries]);
  call.charge(rows * keys * (size + width));
  const [from, keyData, values] = [q, k, v].map((x) => call.asNumbers(x)) as [NumberData, NumberData, NumberData];
  const y = new Float64Array(elementCount([rows, width]));
  const scores = new Float64Array(keys);
  for (let row = 0; row < rows; row++) {
    const [b, h, i] = [Math.floor(row / (heads * queries)), Math.floor(row / queries) % heads, row % queries];
    const plane = (b * shared + Math.floor(h / (heads / shared))) * keys;
    for (let j = 0; j < keys; j++) {
      let sum = 0;
      for (let c = 0; c < size; c++) sum += from[row * size + c]! * keyData[(plane + j) * size + c]!;
      scores[j] = sum * options.scale;
    }
    probabilities(scores, row, (j) => options.bias(b, h, i, j), options.sink?.(h), options);
    for (let j = 0; j < keys; j++) {
      // A hidden value may be NaN or infinite; it has no part in the sum.
      if (scores[j] === 0) continue;
      for (let c = 0; c < width; c++) y[row * width + c]! += scores[j]! * values[(plane + j) * width + c]!;
    }
  }
  return call.result(q.dtype, [batch, heads, queries, width], y);
}

/** Makes scores of one query to probabilities, in place. */
function probabilities(
  scores: Float64Array,
  row: number,
  bias: (key: number) => number,
  sink: number | undefined,
  { cap = 0, show }: AttendOptions,
): void {
  show?.(0, row, scores);
  if (cap !== 0) for (let j = 0; j < scores.length; j++) scores[j] = cap * Math.tanh(scores[j]! / cap);
  show?.(1, row, scores);
  for (let j = 0; j < scores.length; j++) {
    const added = bias(j);
    scores[j] = added === -Infinity ? -Infinity : scores[j]! + added;
  }
  show?.(2, row, scores);
  const most = scores.reduce((a, b) => Math.max(a, b), sink ?? -Infinity);
  if (most === -Infinity) scores.fill(0);
  else {
    let sum = sink === undefined ? 0 : Math.exp(sink - most);
    for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp(scores[j]! - most);
    for (let j = 0; j < scores.length; j++) scores[j]! /= sum;
  }
  show?.(3, row, scores);
}
