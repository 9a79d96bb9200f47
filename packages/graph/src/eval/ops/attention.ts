import type { EvalTensor, NumberData } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { broadcastStrides, permute, reshape } from '../strided.js';
import { concat } from './move.js';
import { softmaxRow } from './softmax.js';

/** [batch, sequence, heads * size] as [batch, heads, sequence, size]; a rank 4 tensor is that already. */
function byHeads(call: KernelCall, x: EvalTensor, heads: number): EvalTensor {
  const [batch = 0, sequence = 0, hidden = 0] = x.dims;
  if (x.dims.length === 4) return x;
  return permute(call, reshape(x, [batch, sequence, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** Which key positions a query may see, and what is added to their scores. */
interface Mask {
  readonly allows: (batch: number, head: number, query: number, key: number) => boolean;
  readonly bias: (batch: number, head: number, query: number, key: number) => number;
}

/** The mask input, broadcast to [batch, heads, queries, keys]: bool says which take part, floats are added; it may be short on keys. */
function maskOf(call: KernelCall, mask: EvalTensor | undefined, dims: readonly number[]): Mask {
  if (!mask) return { allows: () => true, bias: () => 0 };
  const covered = mask.dims.at(-1)!;
  const strides = broadcastStrides(mask.dims, [...dims.slice(0, -1), covered === 1 ? dims[3]! : covered]);
  const data = call.asNumbers(mask);
  const at = (b: number, h: number, q: number, k: number) =>
    data[b * strides[0]! + h * strides[1]! + q * strides[2]! + k * strides[3]!]!;
  const inside = (k: number) => covered === 1 || k < covered;
  if (mask.dtype === 'bool') return { allows: (b, h, q, k) => inside(k) && at(b, h, q, k) === 1, bias: () => 0 };
  return { allows: (_b, _h, _q, k) => inside(k), bias: at };
}

/** Structural limits: causal order, a window around the query, keys beyond the valid ones. Query i stands at key position i + offset. */
function structure(call: KernelCall, past: number, queries: number): Mask['allows'] {
  const { node } = call;
  const causal = node.int('is_causal', 0) === 1;
  const [left, right] = [node.int('left_window_size', -1), node.int('right_window_size', -1)];
  const valid = call.optionalIntegers(6);
  return (batch, _head, query, key) => {
    const position = query + (valid ? valid[batch]! - queries : past);
    if (valid && key >= valid[batch]!) return false;
    if (causal && key > position) return false;
    return (left < 0 || key >= position - left) && (right < 0 || key <= position + right);
  };
}

/** Scaled dot-product attention, with grouped heads, a cache, soft cap and masks; a query that may see nothing gives zeros. */
function attention(call: KernelCall): (EvalTensor | undefined)[] {
  const { node } = call;
  const given = call.tensor(0);
  const q = byHeads(call, given, node.int('q_num_heads', 1));
  const fresh = [1, 2].map((i) => byHeads(call, call.tensor(i), node.int('kv_num_heads', 1)));
  const [k, v] = fresh.map((x, i) => (call.inputs[4 + i] ? concat(call, [call.tensor(4 + i), x], 2) : x)) as [
    EvalTensor,
    EvalTensor,
  ];
  const [batch = 0, heads = 0, queries = 0, size = 0] = q.dims;
  const [, kvHeads = 1, keys = 0, width = 0] = v.dims;
  const dims = [batch, heads, queries, keys];
  call.charge(elementCount(dims) * (size + width));
  const mask = maskOf(call, call.optional(3), dims);
  const allows = structure(call, keys - fresh[1]!.dims[2]!, queries);
  const scores = new Scores(call, q, k, heads / kvHeads);
  const values = call.asNumbers(v);
  const y = new Float64Array(batch * heads * queries * width);
  const shown = new Float64Array(elementCount(dims));
  for (let row = 0; row < batch * heads * queries; row++) {
    const [b, h, i] = [Math.floor(row / (heads * queries)), Math.floor(row / queries) % heads, row % queries];
    const sees = (j: number) => mask.allows(b, h, i, j) && allows(b, h, i, j);
    const weights = scores.row(
      b,
      h,
      i,
      (j) => (sees(j) ? mask.bias(b, h, i, j) : -Infinity),
      shown.subarray(row * keys),
    );
    const start = (b * kvHeads + Math.floor(h / (heads / kvHeads))) * keys * width;
    for (let j = 0; j < keys; j++) {
      // A masked value may be NaN or infinite; it has no part in the sum.
      if (weights[j] === 0) continue;
      for (let c = 0; c < width; c++) y[row * width + c]! += weights[j]! * values[start + j * width + c]!;
    }
  }
  const result = call.result(given.dtype, [batch, heads, queries, width], y);
  const output =
    given.dims.length === 4 ? result : reshape(permute(call, result, [0, 2, 1, 3]), [batch, queries, heads * width]);
  return [output, k, v, node.outputs[3] && call.result(given.dtype, dims, shown)];
}

/** Rows of attention weights. */
class Scores {
  readonly #q: NumberData;
  readonly #k: NumberData;
  readonly #scale: number;
  readonly #cap: number;
  readonly #mode: number;

  constructor(
    call: KernelCall,
    private readonly query: EvalTensor,
    private readonly key: EvalTensor,
    private readonly headsPerKey: number,
  ) {
    this.#q = call.asNumbers(query);
    this.#k = call.asNumbers(key);
    this.#scale = call.node.float('scale', 1 / Math.sqrt(query.dims[3]!));
    this.#cap = call.node.float('softcap', 0);
    this.#mode = call.node.int('qk_matmul_output_mode', 0);
  }

  /** Softmax of one query's scores; `shown` takes the stage that qk_matmul_output_mode names. */
  row(b: number, h: number, i: number, bias: (key: number) => number, shown: Float64Array): Float64Array {
    const [, heads = 0, queries = 0, size = 0] = this.query.dims;
    const [, kvHeads = 0, keys = 0] = this.key.dims;
    const q = ((b * heads + h) * queries + i) * size;
    const k = (b * kvHeads + Math.floor(h / this.headsPerKey)) * keys * size;
    const row = new Float64Array(keys);
    const show = (mode: number) => mode === this.#mode && shown.set(row);
    for (let j = 0; j < keys; j++) {
      let sum = 0;
      for (let c = 0; c < size; c++) sum += this.#q[q + c]! * this.#k[k + j * size + c]!;
      row[j] = sum * this.#scale;
    }
    show(0);
    if (this.#cap !== 0) for (let j = 0; j < keys; j++) row[j] = this.#cap * Math.tanh(row[j]! / this.#cap);
    show(1);
    for (let j = 0; j < keys; j++) {
      const added = bias(j);
      row[j] = added === -Infinity ? -Infinity : row[j]! + added;
    }
    show(2);
    if (row.every((score) => score === -Infinity)) row.fill(0);
    else softmaxRow(row);
    show(3);
    return row;
  }
}

/** Rotates pairs of features by angles whose cosines and sines are cached per position. */
function rotaryEmbedding(call: KernelCall): EvalTensor {
  const { node } = call;
  const given = call.tensor(0);
  const x = byHeads(call, given, node.int('num_heads', 1));
  const [batch = 0, heads = 0, sequence = 0, size = 0] = x.dims;
  const rotated = node.int('rotary_embedding_dim', 0) || size;
  const half = rotated / 2;
  const interleaved = node.int('interleaved', 0) === 1;
  const [from, cos, sin] = [call.asNumbers(x), call.numbers(1), call.numbers(2)];
  const positions = call.optionalIntegers(3);
  const y = Float64Array.from(from);
  for (let row = 0; row < batch * heads * sequence; row++) {
    const at = Math.floor(row / (heads * sequence)) * sequence + (row % sequence);
    const cache = (positions ? positions[at]! : at) * half;
    for (let i = 0; i < half; i++) {
      const [first, second] = interleaved ? [2 * i, 2 * i + 1] : [i, i + half];
      const [a, b] = [from[row * size + first]!, from[row * size + second]!];
      y[row * size + first] = cos[cache + i]! * a - sin[cache + i]! * b;
      y[row * size + second] = sin[cache + i]! * a + cos[cache + i]! * b;
    }
  }
  const result = call.result(x.dtype, x.dims, y);
  return given.dims.length === 4 ? result : reshape(permute(call, result, [0, 2, 1, 3]), given.dims);
}

export const attentionKernels: readonly Kernel[] = [
  defineKernel({ op: 'Attention', run: attention }),
  defineKernel({ op: 'RotaryEmbedding', run: (call) => [rotaryEmbedding(call)] }),
];
