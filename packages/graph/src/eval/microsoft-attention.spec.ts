import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { errorCode } from '../testing/error-code.js';
import { evaluate } from './evaluate.js';
import { expectLikeOrt } from './testing/expect-like-ort.js';
import { numbers } from './testing/ort.js';

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const bound = 64 * 4 * 2 ** -22;

type Attributes = Record<string, PlainAttribute>;
const compare = (op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes, outputs = 1) =>
  expectLikeOrt(`com.microsoft::${op}`, inputs, attributes, { outputs, bound });

const int32 = (dims: readonly number[], values: readonly number[]) => Tensor.fromNumbers('int32', dims, values);
const int64 = (dims: readonly number[], values: readonly number[]) => Tensor.fromNumbers('int64', dims, values);

describe('RotaryEmbedding', () => {
  const [cos, sin] = [numbers([9, 4], 1), numbers([9, 4], 2)];
  const ids = int64([2, 3], [0, 1, 2, 6, 7, 8]);

  test.each([0, 1])('interleaved %i', async (interleaved) => {
    const attributes = { interleaved };
    await compare('RotaryEmbedding', [numbers([2, 3, 16], 3), ids, cos, sin], attributes);
    await compare('RotaryEmbedding', [numbers([2, 3, 16], 3), int64([1], [4]), cos, sin], attributes);
    await compare('RotaryEmbedding', [numbers([2, 2, 3, 8], 3), ids, cos, sin], attributes);
    const partial = { interleaved, num_heads: 2, rotary_embedding_dim: 8 };
    await compare('RotaryEmbedding', [numbers([2, 3, 24], 3), ids, cos, sin], partial);
  });
});

describe('MultiHeadAttention', () => {
  const [q, k, v] = [numbers([2, 3, 8], 1), numbers([2, 5, 8], 2), numbers([2, 5, 12], 3)];
  const bias = numbers([28], 4);
  const heads = { num_heads: 2 };

  test('plain, with a bias, with a scale', async () => {
    await compare('MultiHeadAttention', [q, k, v], heads);
    await compare('MultiHeadAttention', [q, k, v, bias], { ...heads, scale: attribute.float(0.3) }, 3);
  });

  test.each([
    ['ends', int32([2], [3, 5])],
    ['keys', int32([2, 5], [1, 1, 1, 0, 0, 0, 1, 1, 1, 1])],
    [
      'pairs',
      int32(
        [2, 3, 5],
        Array.from({ length: 30 }, (_, i) => (i % 7 < 4 ? 1 : 0)),
      ),
    ],
  ])('masks: %s', async (_, mask) => {
    const added = numbers([1, 2, 3, 5], 5);
    await compare('MultiHeadAttention', [q, k, v, undefined, mask], heads);
    await compare('MultiHeadAttention', [q, k, v, bias, mask, added], {
      ...heads,
      mask_filter_value: attribute.float(-3),
    });
  });

  test('a cache, causal', async () => {
    const past = [numbers([2, 2, 4, 4], 6), numbers([2, 2, 4, 4], 7)];
    const self = [numbers([2, 3, 8], 1), numbers([2, 3, 8], 2), numbers([2, 3, 8], 3)];
    const inputs = [...self, numbers([24], 4), undefined, undefined, ...past];
    await compare('MultiHeadAttention', inputs, { ...heads, unidirectional: 1 }, 3);
    await compare('MultiHeadAttention', self, { ...heads, unidirectional: 1 });
  });

  test('keys and values by heads', async () => {
    await compare('MultiHeadAttention', [q, numbers([2, 2, 6, 4], 2), numbers([2, 2, 6, 4], 3)], heads);
  });
});

describe('Attention', () => {
  const [x, weight, bias] = [numbers([2, 3, 6], 1), numbers([6, 24], 2), numbers([24], 3)];
  const heads = { num_heads: 2 };

  test('plain, causal, sizes of their own', async () => {
    await compare('Attention', [x, weight, bias], heads);
    await compare('Attention', [x, weight, bias], { ...heads, unidirectional: 1, scale: attribute.float(0.4) });
    await compare('Attention', [x, weight, bias], { ...heads, qkv_hidden_sizes: [6, 6, 12] });
  });

  test.each([
    ['ends', int32([2], [2, 3])],
    ['ends and starts', int32([4], [3, 2, 1, 0])],
    ['keys', int32([2, 3], [1, 1, 0, 0, 1, 1])],
    [
      'pairs',
      int32(
        [2, 3, 3],
        Array.from({ length: 18 }, (_, i) => (i % 4 === 1 ? 0 : 1)),
      ),
    ],
  ])('masks: %s', async (_, mask) => {
    await compare('Attention', [x, weight, bias, mask], heads);
    await compare('Attention', [x, weight, bias, mask], { ...heads, unidirectional: 1 });
    const added = numbers([2, 1, 3, 3], 5);
    await compare('Attention', [x, weight, bias, mask, undefined, added], heads);
  });

  test('a cache', async () => {
    const past = numbers([2, 2, 2, 5, 4], 4);
    const mask = int32([2, 8], [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    await compare('Attention', [x, weight, bias, mask, past], { ...heads, unidirectional: 1 }, 2);
  });
});

test('QAttention: codes with and without zero points, scales per column', async () => {
  const codes = (dtype: 'uint8' | 'int8', dims: readonly number[], seed: number) =>
    Tensor.fromNumbers(
      dtype,
      dims,
      numbers(dims, seed)
        .toFloat32()
        .map((value) => Math.floor(value * 100) + (dtype === 'uint8' ? 110 : 0)),
    );
  const scalar = (value: number) => Tensor.fromNumbers('float32', [], [value]);
  const [x, bias] = [codes('uint8', [2, 3, 6], 1), numbers([24], 3)];
  const mask = int32([2], [2, 3]);
  const weight = codes('int8', [6, 24], 2);
  const zeros = [codes('uint8', [], 4), codes('int8', [], 5)];
  await compare('QAttention', [x, weight, bias, scalar(0.01), scalar(0.02), mask, ...zeros], { num_heads: 2 });
  const columns = Tensor.of(
    'float32',
    [24],
    numbers([24], 6)
      .toFloat32()
      .map((value) => 0.02 + value / 100),
  );
  const causal = { num_heads: 2, unidirectional: 1 };
  await compare('QAttention', [x, weight, bias, scalar(0.01), columns, undefined, ...zeros], causal);
  const past = numbers([2, 2, 2, 5, 4], 7);
  const inputs = [x, weight, bias, scalar(0.01), scalar(0.02), undefined, ...zeros, past];
  await compare('QAttention', inputs, causal, 2);
});

describe('GroupQueryAttention', () => {
  const heads = { num_heads: 4, kv_num_heads: 2 };
  const kv = (tokens: number) => [numbers([2, tokens, 32], 2), numbers([2, tokens, 32], 3)];
  const cache = (length: number) => [numbers([2, 2, length, 16], 4), numbers([2, 2, length, 16], 5)];
  const sizes = (lengths: readonly number[], total: number) => [int32([2], lengths), int32([], [total])];
  const tables = [numbers([16, 8], 6), numbers([16, 8], 7)];
  const q = (tokens: number) => numbers([2, tokens, 64], 1);
  const none = [undefined, undefined];

  test('a prompt, and tokens after caches of different lengths', async () => {
    await compare('GroupQueryAttention', [q(5), ...kv(5), ...none, ...sizes([4, 4], 5)], heads, 3);
    await compare('GroupQueryAttention', [q(1), ...kv(1), ...cache(6), ...sizes([6, 3], 7)], heads, 3);
  });

  test.each([0, 1])('rotary, interleaved %i', async (rotary_interleaved) => {
    const attributes = { ...heads, do_rotary: 1, rotary_interleaved };
    await compare('GroupQueryAttention', [q(5), ...kv(5), ...none, ...sizes([4, 4], 5), ...tables], attributes, 3);
    await compare('GroupQueryAttention', [q(1), ...kv(1), ...cache(6), ...sizes([6, 3], 7), ...tables], attributes, 3);
    const packed = numbers([2, 5, 128], 8);
    const inputs = [packed, ...none, ...none, ...sizes([4, 4], 5), ...tables];
    await compare('GroupQueryAttention', inputs, attributes, 3);
  });

  test('window, soft cap, smooth softmax, sinks, bias, positions', async () => {
    const prompt = [q(5), ...kv(5), ...none, ...sizes([4, 4], 5)];
    await compare('GroupQueryAttention', prompt, { ...heads, local_window_size: 2 }, 3);
    await compare('GroupQueryAttention', prompt, { ...heads, softcap: attribute.float(0.5) }, 3);
    await compare('GroupQueryAttention', prompt, { ...heads, smooth_softmax: 1, scale: attribute.float(0.2) }, 3);
    await compare('GroupQueryAttention', prompt, { ...heads, causal: 0 }, 3);
    const sinks = [...none, undefined, undefined, numbers([4], 9)];
    await compare('GroupQueryAttention', [...prompt, ...sinks], heads, 3);
    const bias = [...none, undefined, numbers([1, 4, 5, 5], 9)];
    await compare('GroupQueryAttention', [...prompt, ...bias], heads, 3);
    const ids = int64([2, 5], [3, 4, 5, 6, 7, 0, 2, 4, 6, 8]);
    await compare('GroupQueryAttention', [...prompt, ...tables, ids], { ...heads, do_rotary: 1 }, 3);
    const step = [q(1), ...kv(1), ...cache(6), ...sizes([6, 3], 7), ...tables, int64([2, 1], [9, 2])];
    await compare('GroupQueryAttention', step, { ...heads, do_rotary: 1, local_window_size: 3 }, 3);
  });
});

describe('what does not fit is refused', () => {
  const code = (op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes, outputs = 1) => {
    const g = new GraphBuilder('net', { opset: 21, irVersion: 10, domains: { 'com.microsoft': 1 } });
    const values = inputs.map((tensor) => tensor && g.graph.addInitializer('c', tensor));
    const results = g.ops(op, values, attributes, { domain: 'com.microsoft', outputs });
    return errorCode(() => evaluate(g.output(results.at(-1)!, 'y').model(), {}));
  };
  const [q, k, v] = [numbers([2, 3, 8], 1), numbers([2, 5, 8], 2), numbers([2, 5, 8], 3)];
  const heads = { num_heads: 2 };

  test('MultiHeadAttention', () => {
    expect(code('MultiHeadAttention', [q, k, v, undefined, int32([3], [1, 1, 1])], heads)).toBe('ERR_EVAL_SHAPE');
    const bias = [undefined, undefined, numbers([2, 2, 3, 4], 4)];
    expect(code('MultiHeadAttention', [q, k, v, ...bias], heads)).toBe('ERR_EVAL_SHAPE');
    expect(code('MultiHeadAttention', [q, k, numbers([2, 4, 8], 3)], heads)).toBe('ERR_EVAL_SHAPE');
    expect(code('MultiHeadAttention', [q, k, v], { num_heads: 3 })).toBe('ERR_EVAL_SHAPE');
    expect(code('MultiHeadAttention', [numbers([2, 3, 2, 3, 4], 1)], heads)).toBe('ERR_EVAL_OP');
    expect(code('MultiHeadAttention', [q, k, v], heads, 4)).toBe('ERR_EVAL_OP');
  });

  test('GroupQueryAttention', () => {
    const attributes = { num_heads: 4, kv_num_heads: 2 };
    const self = [numbers([2, 3, 32], 1), numbers([2, 3, 16], 2), numbers([2, 3, 16], 3)];
    const call = (past: readonly (Tensor | undefined)[], lengths: Tensor, more: Attributes = {}) =>
      code('GroupQueryAttention', [...self, ...past, lengths, int32([], [5])], { ...attributes, ...more });
    const cache = [numbers([2, 2, 2, 8], 4), numbers([2, 2, 2, 8], 5)];
    expect(call(cache, int32([2], [4, 4]))).toBeUndefined();
    expect(call(cache, int32([1], [4]))).toBe('ERR_EVAL_VALUE');
    expect(call(cache, int32([2], [4, 1]))).toBe('ERR_EVAL_VALUE');
    expect(call(cache, int32([2], [4, 5]))).toBe('ERR_EVAL_VALUE');
    expect(call([numbers([2, 1, 2, 8], 4), cache[1]], int32([2], [4, 4]))).toBe('ERR_EVAL_SHAPE');
    expect(call(cache, int32([2], [4, 4]), { sliding_window_cache: 1 })).toBe('ERR_EVAL_OP');
  });

  test('Attention and RotaryEmbedding', () => {
    const inputs = [numbers([2, 3, 6], 1), numbers([6, 24], 2), numbers([24], 3)];
    expect(code('Attention', inputs, { ...heads, do_rotary: 1 })).toBe('ERR_EVAL_OP');
    const tables = [numbers([4, 4], 1), numbers([4, 4], 2)];
    expect(code('RotaryEmbedding', [q, int64([1], [2]), ...tables], {})).toBe('ERR_EVAL_VALUE');
    expect(code('RotaryEmbedding', [q, int64([1], [0]), ...tables], { is_packed_batching: 1 })).toBe('ERR_EVAL_OP');
  });
});
