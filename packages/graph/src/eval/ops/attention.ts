import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { attend, type Bias, biasReader, byHeads, joinHeads } from './attend.js';
import { concat } from './move.js';

/**
 * The mask input, broadcast to [batch, heads, queries, keys]: bool says which take part, floats are added; keys beyond a shorter mask
 * are hidden.
 */
function maskOf(call: KernelCall, mask: EvalTensor | undefined, dims: readonly number[]): Bias {
  if (!mask) return () => 0;
  // Since opset 24 a mask of one column is a short mask; before, it broadcasts.
  const covered = mask.dims.at(-1) === 1 && call.opset < 24 ? dims[3]! : mask.dims.at(-1)!;
  const at = biasReader(call, mask, [...dims.slice(0, -1), covered]);
  if (mask.dtype === 'bool') return (b, h, q, k) => (k < covered && at(b, h, q, k) === 1 ? 0 : -Infinity);
  return (b, h, q, k) => (k < covered ? at(b, h, q, k) : -Infinity);
}

/** Structural limits: causal order, a window around the query, keys beyond the valid ones. Query i stands at key position i + offset. */
function structure(call: KernelCall, past: number, queries: number) {
  const { node } = call;
  const causal = node.int('is_causal', 0) === 1;
  const [left, right] = [node.int('left_window_size', -1), node.int('right_window_size', -1)];
  const valid = call.optionalIntegers(6);
  return (batch: number, query: number, key: number): boolean => {
    const position = query + (valid ? valid[batch]! - queries : past);
    if (valid && key >= valid[batch]!) return false;
    if (causal && key > position) return false;
    return (left < 0 || key >= position - left) && (right < 0 || key <= position + right);
  };
}

/** Attention of the standard: grouped heads, a cache, soft cap and masks; a query that may see nothing gives zeros. */
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
  const keys = k.dims[2]!;
  const dims = [batch, heads, queries, keys];
  const mask = maskOf(call, call.optional(3), dims);
  const sees = structure(call, keys - fresh[1]!.dims[2]!, queries);
  const mode = node.int('qk_matmul_output_mode', 0);
  const shown = node.outputs[3] && new Float64Array(elementCount(dims));
  const result = attend(call, q, k, v, {
    scale: node.float('scale', 1 / Math.sqrt(size)),
    cap: node.float('softcap', 0),
    bias: (b, h, i, j) => (sees(b, i, j) ? mask(b, h, i, j) : -Infinity),
    show: shown && ((stage, row, scores) => stage === mode && shown.set(scores, row * keys)),
  });
  const output = given.dims.length === 4 ? result : joinHeads(call, result);
  return [output, k, v, shown && call.result(given.dtype, dims, shown)];
}

export const attentionKernels: readonly Kernel[] = [defineKernel({ op: 'Attention', run: attention })];
