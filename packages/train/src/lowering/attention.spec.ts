import { attribute } from '@gossamer/graph';
import type { Attributes } from '../emit/emitter.js';
import { emptyEmitter } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';
import { lowered } from '../testing/lowered.js';

const inputs = { q: { shape: [2, 2, 3, 2] }, k: { shape: [2, 2, 4, 2] }, v: { shape: [2, 2, 4, 3] } };

test.each<Attributes>([
  {},
  { scale: 0.3 },
  { softcap: 0.5 },
  { is_causal: 1 },
  { left_window_size: 1 },
  { left_window_size: 0, right_window_size: 1 },
])('%j', (attributes) => {
  checkLowering(inputs, (g, { q, k, v }) => g.op('Attention', [q, k, v], attributes));
});

test('tensors of rank 3, heads that share keys', () => {
  const grouped = { q: { shape: [1, 2, 8] }, k: { shape: [1, 3, 4] }, v: { shape: [1, 3, 4] } };
  checkLowering(grouped, (g, { q, k, v }) => g.op('Attention', [q, k, v], { q_num_heads: 4, kv_num_heads: 2 }));
});

test('a cache', () => {
  const cached = { ...inputs, pk: { shape: [2, 2, 2, 2] }, pv: { shape: [2, 2, 2, 3] } };
  for (const output of [0, 1, 2]) {
    checkLowering(cached, (g, { q, k, v, pk, pv }) => {
      return g.ops('Attention', [q, k, v, undefined, pk, pv], { is_causal: 1 }, { outputs: 3 })[output]!;
    });
  }
});

test('a mask of bools that hides all keys from a query, also in causal order', () => {
  for (const is_causal of [0, 1]) {
    checkLowering(inputs, (g, { q, k, v }) => {
      const mask = g.constant([1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1], 'bool', [3, 4]);
      return g.op('Attention', [q, k, v, mask], { is_causal });
    });
  }
});

test('a mask that is added, with -Infinity, and one that is learned', () => {
  checkLowering(inputs, (g, { q, k, v }) => {
    const low = -Infinity;
    const mask = g.constant([0, low, 1, 0.5, low, low, low, low, 0, -1, low, 2], 'float32', [3, 4]);
    return g.op('Attention', [q, k, v, mask]);
  });
  checkLowering({ ...inputs, mask: { shape: [2, 1, 4] } }, (g, { q, k, v, mask }) =>
    g.op('Attention', [q, k, v, mask]),
  );
});

test('scores as an output are refused', () => {
  const g = emptyEmitter();
  const [q, k] = [g.input('q', 'float32', [1, 1, 2, 2]), g.input('k', 'float32', [1, 1, 2, 2])];
  const [y] = g.ops('Attention', [q, k, k], { scale: attribute.float(1) }, { outputs: 4 });
  expect(() => lowered(g, y!)).toThrow(expect.objectContaining({ code: 'ERR_TRAINING_FORM' }) as Error);
});
