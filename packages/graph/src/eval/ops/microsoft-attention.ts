import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor } from '../eval-value.js';
import { toDoubles } from '../elementwise.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { reshape } from '../strided.js';
import { attend, type AttendOptions, biasReader, byHeads, joinHeads } from './attend.js';
import { centred, parameterOffsets } from './integer-matmul.js';
import { multiply, productShape } from './matmul.js';
import { concat, section } from './move.js';

const domain = 'com.microsoft';

/** Which keys are padding, as [batch, query, key] => allowed: raw masks of rank 2 or 3, or ends (and starts) of the valid keys. */
function paddingOf(call: KernelCall, mask: EvalTensor | undefined, dims: readonly [number, number, number]) {
  if (!mask) return undefined;
  const [batch, queries, keys] = dims;
  const data = toDoubles(call, mask);
  const shape = mask.dims.join(',');
  if (shape === `${batch},${keys}`) return (b: number, _q: number, k: number) => data[b * keys + k]! > 0;
  if (shape === dims.join(',')) return (b: number, q: number, k: number) => data[(b * queries + q) * keys + k]! > 0;
  if (shape === String(batch)) return (b: number, _q: number, k: number) => k < data[b]!;
  if (shape === String(2 * batch)) return (b: number, _q: number, k: number) => k < data[b]! && k >= data[batch + b]!;
  call.fail(
    'ERR_EVAL_SHAPE',
    'mask',
    `[b], [2b], [b, ${keys}] or [b, ${queries}, ${keys}], b = ${batch}`,
    `[${shape}]`,
  );
}

/**
 * The options of an attention of ONNX Runtime: padding is not hidden but lowered by mask_filter_value, a bias [batch or 1, heads or 1,
 * queries, keys] is added, and a query sees no later key where `unidirectional` is set.
 */
function optionsOf(
  call: KernelCall,
  dims: readonly [number, number, number, number],
  past: number,
  mask: EvalTensor | undefined,
  added: EvalTensor | undefined,
  size: number,
): AttendOptions {
  const { node } = call;
  const [batch, , queries, keys] = dims;
  const padding = paddingOf(call, mask, [batch, queries, keys]);
  const lowered = node.float('mask_filter_value', -10000);
  const causal = node.int('unidirectional', 0) === 1 && queries > 1;
  const at = added && biasReader(call, added, dims);
  return {
    scale: node.float('scale', 0) || 1 / Math.sqrt(size),
    bias: (b, h, q, k) => {
      if (causal && k > past + q) return -Infinity;
      const bias = at ? at(b, h, q, k) : 0;
      return padding && !padding(b, q, k) ? bias + lowered : bias;
    },
  };
}

/** Columns [start, start + size) of the last axis plus those of a bias, by heads. */
function projected(
  call: KernelCall,
  x: EvalTensor,
  bias: EvalTensor | undefined,
  start: number,
  heads: number,
): EvalTensor {
  if (!bias || x.dims.length === 4) return byHeads(call, x, heads);
  const width = x.dims.at(-1)!;
  const [from, addends] = [call.asNumbers(x), call.asNumbers(bias)];
  const sum = Float64Array.from(from, (value, i) => value + addends[start + (i % width)]!);
  return byHeads(call, call.result(x.dtype, x.dims, sum), heads);
}

/** Query, key and value apart (key and value maybe by heads already), a bias of all three, masks, and a cache of keys and values. */
function multiHeadAttention(call: KernelCall): (EvalTensor | undefined)[] {
  const { node } = call;
  const heads = node.int('num_heads', 1);
  const bias = call.optional(3);
  const [given, key, value] = [call.tensor(0), call.optional(1), call.optional(2)];
  if (!key || !value || given.dims.length !== 3 || key.dims.length > 4) {
    call.fail('ERR_EVAL_OP', 'query, key, value', 'three tensors that are not packed', `rank ${given.dims.length}`);
  }
  if (call.inputs[8] || call.inputs[9] || node.outputs[3]) {
    call.fail('ERR_EVAL_OP', 'past_sequence_length, cache_indirection, qk', 'none', 'one of them');
  }
  const hidden = given.dims[2]!;
  const q = projected(call, given, bias, 0, heads);
  const fresh = [projected(call, key, bias, hidden, heads), projected(call, value, bias, 2 * hidden, heads)] as const;
  const [k, v] = fresh.map((x, i) => (call.inputs[6 + i] ? concat(call, [call.tensor(6 + i), x], 2) : x)) as [
    EvalTensor,
    EvalTensor,
  ];
  const dims = [q.dims[0]!, heads, q.dims[2]!, k.dims[2]!] as const;
  const past = k.dims[2]! - fresh[0].dims[2]!;
  const options = optionsOf(call, dims, past, call.optional(4), call.optional(5), q.dims[3]!);
  return [joinHeads(call, attend(call, q, k, v, options)), k, v];
}

/** Places of what self-attention takes beside its projection. */
interface SelfInputs {
  readonly mask: EvalTensor | undefined;
  readonly past: EvalTensor | undefined;
  readonly bias: EvalTensor | undefined;
}

/** Self-attention of a projection [batch, tokens, query | key | value], with past [2, batch, heads, tokens, size]. */
function selfAttention(call: KernelCall, projection: EvalTensor, { mask, past, bias }: SelfInputs): EvalTensor[] {
  const { node } = call;
  for (const name of ['do_rotary', 'past_present_share_buffer']) {
    if (node.int(name, 0) !== 0) call.fail('ERR_EVAL_OP', name, '0', '1');
  }
  const heads = node.int('num_heads', 1);
  const width = projection.dims[2]!;
  const sizes = node.ints('qkv_hidden_sizes', [width / 3, width / 3, width / 3]);
  let start = 0;
  const [q, freshKey, freshValue] = sizes.map((size) => {
    const part = byHeads(call, section(call, projection, 2, start, size), heads);
    start += size;
    return part;
  }) as [EvalTensor, EvalTensor, EvalTensor];
  const cached = (i: number) => past && reshape(section(call, past, 0, i, 1), past.dims.slice(1));
  const join = (x: EvalTensor, i: number) => (past ? concat(call, [cached(i)!, x], 2) : x);
  const [k, v] = [join(freshKey, 0), join(freshValue, 1)];
  const dims = [q.dims[0]!, heads, q.dims[2]!, k.dims[2]!] as const;
  const options = optionsOf(call, dims, k.dims[2]! - q.dims[2]!, mask, bias, q.dims[3]!);
  const y = joinHeads(call, attend(call, q, k, v, options));
  if (!node.outputs[1]) return [y];
  return [
    y,
    concat(
      call,
      [k, v].map((x) => reshape(x, [1, ...x.dims])),
      0,
    ),
  ];
}

/** Attention of ONNX Runtime: one weight projects to queries, keys and values. */
function attention(call: KernelCall): EvalTensor[] {
  const [x, weight, bias] = [call.tensor(0), call.tensor(1), call.optional(2)];
  const shape = productShape(call, x.dims, weight.dims);
  const sums = new Float64Array(call.reserve(shape.dims));
  multiply(call, shape, call.asNumbers(x), call.asNumbers(weight), sums);
  const addends = bias && call.asNumbers(bias);
  if (addends) for (let i = 0; i < sums.length; i++) sums[i]! += addends[i % shape.n]!;
  const inputs = { mask: call.optional(3), past: call.optional(4), bias: call.optional(5) };
  return selfAttention(call, call.result(x.dtype, shape.dims, sums), inputs);
}

/** The same over codes of the input (one scale) and of the weight (one scale, or one per column). */
function quantizedAttention(call: KernelCall): EvalTensor[] {
  const [x, weight, bias] = [call.tensor(0), call.tensor(1), call.numbers(2)];
  const [inputScale, weightScale] = [call.numbers(3)[0]!, call.tensor(4)];
  const shape = productShape(call, x.dims, weight.dims);
  const sums = new Float64Array(call.reserve(shape.dims));
  multiply(call, shape, centred(call, x, call.optional(6), -1), centred(call, weight, call.optional(7), 1), sums);
  const scales = call.asNumbers(weightScale);
  const column = parameterOffsets(call, shape.dims, weightScale, shape.dims.length - 1);
  for (let i = 0; i < elementCount(shape.dims); i++) {
    sums[i] = sums[i]! * inputScale * scales[column ? column[i]! : 0]! + bias[i % shape.n]!;
  }
  const projection = call.result(call.tensor(2).dtype, shape.dims, sums);
  return selfAttention(call, projection, { mask: call.optional(5), past: call.optional(8), bias: undefined });
}

export const microsoftAttention: readonly Kernel[] = [
  defineKernel({ op: 'MultiHeadAttention', domain, run: multiHeadAttention }),
  defineKernel({ op: 'Attention', domain, run: attention }),
  defineKernel({ op: 'QAttention', domain, run: quantizedAttention }),
];
