import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';

/** Sizes of a call: batch items, tokens, heads of queries and of keys, features of keys and of values. */
interface Sizes {
  readonly batch: number;
  readonly tokens: number;
  readonly queryHeads: number;
  readonly heads: number;
  readonly keySize: number;
  readonly valueSize: number;
}

function sizesOf(call: KernelCall, query: EvalTensor, key: EvalTensor, value: EvalTensor): Sizes {
  const [queryHeads, heads] = [call.node.int('q_num_heads', 0), call.node.int('kv_num_heads', 0)];
  if (!(heads > 0 && queryHeads > 0 && queryHeads % heads === 0)) {
    call.fail('ERR_EVAL_SHAPE', 'q_num_heads', `a multiple of kv_num_heads (${heads})`, String(queryHeads));
  }
  const [batch = 0, tokens = 0, width = 0] = query.dims;
  const [keySize, valueSize] = [width / queryHeads, (value.dims[2] ?? 0) / heads];
  for (const [name, x, features] of [
    ['query', query, queryHeads * keySize],
    ['key', key, heads * keySize],
    ['value', value, heads * valueSize],
  ] as const) {
    const right = x.dims.length === 3 && x.dims[0] === batch && x.dims[1] === tokens && x.dims[2] === features;
    if (!right || !Number.isInteger(keySize) || !Number.isInteger(valueSize)) {
      call.fail('ERR_EVAL_SHAPE', name, `[${batch}, ${tokens}, heads * size]`, `[${x.dims.join(',')}]`);
    }
  }
  return { batch, tokens, queryHeads, heads, keySize, valueSize };
}

/** Reads a gate [batch, tokens, n] for one head, n being 1, one a head, or one a feature of each head. */
function gate(call: KernelCall, x: EvalTensor, { batch, tokens, heads, keySize }: Sizes, feature: boolean) {
  if (x.dims.length !== 3 || x.dims[0] !== batch || x.dims[1] !== tokens) {
    call.fail('ERR_EVAL_SHAPE', 'gate', `[${batch}, ${tokens}, features]`, `[${x.dims.join(',')}]`);
  }
  const width = x.dims[2] ?? 0;
  const data = call.asNumbers(x);
  if (width === heads) return (row: number, head: number) => data[row * width + head]!;
  if (!feature && width === 1) return (row: number) => data[row]!;
  if (feature && width === heads * keySize)
    return (row: number, head: number, i: number) => data[row * width + head * keySize + i]!;
  call.fail('ERR_EVAL_SHAPE', 'gate', `${heads} or ${feature ? heads * keySize : 1} features`, String(width));
}

type Gate = (row: number, head: number, feature: number) => number;

/** What a recurrence needs besides keys and values. */
interface Rule {
  readonly decay: Gate | undefined;
  readonly rate: Gate | undefined;
}

function ruleOf(call: KernelCall, sizes: Sizes): Rule {
  const name = call.node.string('update_rule', 'gated_delta');
  if (!['linear', 'gated', 'delta', 'gated_delta'].includes(name)) {
    call.fail('ERR_EVAL_OP', 'update_rule', 'linear, gated, delta or gated_delta', name);
  }
  const read = (index: number, wanted: boolean) => {
    if ((call.optional(index) !== undefined) !== wanted) {
      call.fail('ERR_EVAL_INPUT', `input ${index}`, wanted ? `a tensor (${name})` : `none (${name})`, 'the contrary');
    }
    return wanted ? gate(call, call.tensor(index), sizes, index === 4) : undefined;
  };
  return { decay: read(4, name.startsWith('gated')), rate: read(5, name.endsWith('delta')) };
}

/**
 * One token's update of a head's state S [keySize, valueSize] in place: S decays, then k (rate * (v - k S)) is added (k v without a rate).
 * Source: Yang et al. 2024, Gated Delta Networks, equation 10.
 */
function update(state: Float64Array, k: NumberData, v: NumberData, decay?: (i: number) => number, rate?: number): void {
  const [keySize, valueSize] = [k.length, v.length];
  if (decay) {
    for (let i = 0; i < keySize; i++) {
      const factor = Math.exp(decay(i));
      for (let m = 0; m < valueSize; m++) state[i * valueSize + m]! *= factor;
    }
  }
  const written = Float64Array.from(v);
  if (rate !== undefined) {
    for (let m = 0; m < valueSize; m++) {
      let found = 0;
      for (let i = 0; i < keySize; i++) found += state[i * valueSize + m]! * k[i]!;
      written[m] = rate * (written[m]! - found);
    }
  }
  for (let i = 0; i < keySize; i++) {
    for (let m = 0; m < valueSize; m++) state[i * valueSize + m]! += k[i]! * written[m]!;
  }
}

/** Attention by a recurrent state instead of a softmax; outputs: what the queries read, and the last states. */
function linearAttention(call: KernelCall): EvalTensor[] {
  const window = call.node.int('state_window', 0);
  if (window !== 0) call.fail('ERR_EVAL_OP', 'state_window', '0', String(window));
  const [query, key, value, past] = [call.tensor(0), call.tensor(1), call.tensor(2), call.optional(3)];
  const sizes = sizesOf(call, query, key, value);
  const { batch, tokens, queryHeads, heads, keySize, valueSize } = sizes;
  const { decay, rate } = ruleOf(call, sizes);
  const scale = call.node.float('scale', 0) || 1 / Math.sqrt(keySize);
  const group = queryHeads / heads;
  const area = keySize * valueSize;
  call.charge(batch * tokens * (2 * heads + queryHeads) * area);
  const states = new Float64Array(call.reserve([batch, heads, keySize, valueSize]));
  if (past) {
    if (past.data.length !== states.length) {
      call.fail('ERR_EVAL_SHAPE', 'past_state', `${states.length} elements`, `[${past.dims.join(',')}]`);
    }
    states.set(call.asNumbers(past));
  }
  const [q, k, v] = [query, key, value].map((x) => call.asNumbers(x)) as [NumberData, NumberData, NumberData];
  const y = new Float64Array(call.reserve([batch, tokens, queryHeads, valueSize]));
  for (let row = 0; row < batch * tokens; row++) {
    for (let h = 0; h < heads; h++) {
      const state = states.subarray((Math.floor(row / tokens) * heads + h) * area).subarray(0, area);
      const at = row * heads + h;
      update(
        state,
        k.subarray(at * keySize, (at + 1) * keySize),
        v.subarray(at * valueSize, (at + 1) * valueSize),
        decay && ((i) => decay(row, h, i)),
        rate?.(row, h, 0),
      );
      for (let reader = h * group; reader < (h + 1) * group; reader++) {
        const from = (row * queryHeads + reader) * keySize;
        const to = (row * queryHeads + reader) * valueSize;
        for (let i = 0; i < keySize; i++) {
          for (let m = 0; m < valueSize; m++) y[to + m]! += scale * q[from + i]! * state[i * valueSize + m]!;
        }
      }
    }
  }
  return [
    call.result(query.dtype, [batch, tokens, queryHeads * valueSize], y),
    call.result(past?.dtype ?? query.dtype, [batch, heads, keySize, valueSize], states),
  ];
}

export const linearAttentionKernels: readonly Kernel[] = ['', 'com.microsoft'].map((domain) =>
  defineKernel({ op: 'LinearAttention', domain, run: linearAttention }),
);
