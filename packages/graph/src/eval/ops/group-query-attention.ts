import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { attend, type AttendOptions, biasReader, byHeads, joinHeads } from './attend.js';
import { section } from './move.js';
import { rotate } from './rotary.js';

/** What eval does not compute: quantized caches, normalised queries, and what stays inside ONNX Runtime's buffers. */
function refuse(call: KernelCall): void {
  const { node } = call;
  for (const [index, name] of [
    [12, 'k_scale'],
    [13, 'v_scale'],
    [14, 'q_norm_weight'],
    [15, 'k_norm_weight'],
  ] as const) {
    if (call.inputs[index]) call.fail('ERR_EVAL_OP', name, 'none', 'a tensor');
  }
  if (node.int('sliding_window_cache', 0) !== 0) call.fail('ERR_EVAL_OP', 'sliding_window_cache', '0', '1');
  if (node.outputs[3]) call.fail('ERR_EVAL_OP', 'output_qk', 'none', 'an output');
}

/** Query, key and value by heads; without a key the query holds all three. */
function operands(call: KernelCall, heads: number, shared: number): [EvalTensor, EvalTensor, EvalTensor] {
  const query = call.tensor(0);
  const key = call.optional(1);
  if (key) return [byHeads(call, query, heads), byHeads(call, key, shared), byHeads(call, call.tensor(2), shared)];
  const size = query.dims[2]! / (heads + 2 * shared);
  const part = (start: number, count: number) =>
    byHeads(call, section(call, query, 2, start * size, count * size), count);
  return [part(0, heads), part(heads, shared), part(heads + shared, shared)];
}

/** A cache [batch, heads, length, size]: the past up to where each item's tokens start, then those, then zeros. */
function present(
  call: KernelCall,
  past: EvalTensor | undefined,
  fresh: EvalTensor,
  starts: readonly number[],
  length: number,
): EvalTensor {
  const [batch = 0, heads = 0, tokens = 0, size = 0] = fresh.dims;
  const target = call.allocate(fresh.dtype, [batch, heads, length, size]);
  const [to, from, old] = [target.data as NumberData, call.asNumbers(fresh), past && call.asNumbers(past)];
  const room = past?.dims[2] ?? 0;
  if (past && past.dims.join(',') !== [batch, heads, room, size].join(',')) {
    call.fail('ERR_EVAL_SHAPE', 'past', `[${batch}, ${heads}, length, ${size}]`, `[${past.dims.join(',')}]`);
  }
  for (let plane = 0; plane < batch * heads; plane++) {
    const start = starts[Math.floor(plane / heads)]!;
    const kept = Math.min(start, room);
    if (old) to.set(old.subarray(plane * room * size, (plane * room + kept) * size), plane * length * size);
    const added = from.subarray(plane * tokens * size, (plane * tokens + Math.min(tokens, length - start)) * size);
    to.set(added, (plane * length + start) * size);
  }
  return target;
}

function optionsOf(
  call: KernelCall,
  dims: readonly number[],
  size: number,
  starts: readonly number[],
  totals: readonly number[],
): AttendOptions {
  const { node } = call;
  const causal = node.int('causal', 1) === 1;
  const window = node.int('local_window_size', -1);
  const [added, sinks] = [call.optional(10), call.optional(11)];
  const at = added && biasReader(call, added, [...dims.slice(0, -1), added.dims[3]!]);
  const sink = sinks && call.asNumbers(sinks);
  return {
    scale: node.float('scale', 0) || 1 / Math.sqrt(size),
    cap: node.float('softcap', 0),
    // A smooth softmax is one with a score of 0 for nothing.
    sink: sink ? (h) => sink[h]! : node.int('smooth_softmax', -1) === 1 ? () => 0 : undefined,
    bias: (b, h, q, k) => {
      const position = starts[b]! + q;
      if (k >= totals[b]! || (causal && k > position)) return -Infinity;
      if (window > 0 && k <= position - window) return -Infinity;
      return at ? at(b, h, q, k) : 0;
    },
  };
}

/**
 * Attention of ONNX Runtime over grouped heads with a cache whose items may be of different lengths: item b holds seqlens_k[b] + 1 keys,
 * the last of which are this call's. Where the whole sequence is this call's, the cache is empty.
 */
function groupQueryAttention(call: KernelCall): EvalTensor[] {
  refuse(call);
  const { node } = call;
  const [heads, shared] = [node.int('num_heads', 1), node.int('kv_num_heads', 1)];
  let [q, k] = operands(call, heads, shared);
  const v = operands(call, heads, shared)[2];
  const [batch = 0, , tokens = 0, size = 0] = q.dims;
  const lengths = call.integers(5);
  const total = call.integers(6)[0]!;
  const totals = Array.from({ length: batch }, (_, b) => lengths[b]! + 1);
  const starts = totals.map((length) => (tokens === total ? 0 : length - tokens));
  if (lengths.length !== batch || starts.some((start) => start < 0) || totals.some((length) => length > total)) {
    call.fail('ERR_EVAL_VALUE', 'seqlens_k', `${batch} of [${tokens - 1}, ${total})`, `[${lengths.join(',')}]`);
  }
  if (node.int('do_rotary', 0) === 1) {
    const [cos, sin] = [call.tensor(7), call.tensor(8)];
    const ids = call.optionalIntegers(9);
    // Of a prompt's positions only the first is read.
    const given = (b: number, t: number) => (tokens === total ? ids![0]! + t : ids![b * tokens + t]!);
    const rotation = {
      cos,
      sin,
      interleaved: node.int('rotary_interleaved', 0) === 1,
      rotated: 2 * cos.dims[1]!,
      position: (b: number, t: number) => (ids ? given(b, t) : starts[b]! + t),
    };
    [q, k] = [rotate(call, q, rotation), rotate(call, k, rotation)];
  }
  const [pastKey, pastValue] = [call.optional(3), call.optional(4)];
  const length = Math.max(total, pastKey?.dims[2] ?? 0);
  const keys = present(call, pastKey, k, starts, length);
  const values = present(call, pastValue, v, starts, length);
  const options = optionsOf(call, [batch, heads, tokens, length], size, starts, totals);
  return [joinHeads(call, attend(call, q, keys, values, options)), keys, values];
}

export const groupedAttention: Kernel = defineKernel({
  op: 'GroupQueryAttention',
  domain: 'com.microsoft',
  run: groupQueryAttention,
});
