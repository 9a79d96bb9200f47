import { jitter } from './jitter.js';

test('every image moves by its own offset, within reach, and nothing wraps', () => {
  const count = 200;
  const input = new Float32Array(count * 784);
  for (let i = 0; i < count; i++) input[i * 784 + 14 * 28 + 14] = 1;
  const once = input.slice();
  jitter(2)({ input: once }, { epoch: 0, step: 3, seed: 1, count });
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const image = once.subarray(i * 784, (i + 1) * 784);
    const at = image.indexOf(1);
    const [row, column] = [Math.floor(at / 28) - 14, (at % 28) - 14];
    expect(image.filter((v) => v !== 0)).toHaveLength(1);
    expect(Math.max(Math.abs(row), Math.abs(column))).toBeLessThanOrEqual(2);
    seen.add(`${row} ${column}`);
  }
  // 25 offsets: one is missed by 200 draws with probability 25 * (24/25)^200 = 0.7 %; the seed is fixed.
  expect(seen.size).toBe(25);
  const again = input.slice();
  jitter(2)({ input: again }, { epoch: 0, step: 3, seed: 1, count });
  expect(again).toEqual(once);
  const edge = new Float32Array(784).fill(1);
  jitter(2)({ input: edge }, { epoch: 0, step: 3, seed: 1, count: 1 });
  expect(edge.every((v) => v === 0 || v === 1)).toBe(true);
});
