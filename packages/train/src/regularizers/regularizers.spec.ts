import { groupLasso } from './group-lasso.js';
import { l1 } from './l1.js';
import { l2 } from './l2.js';
import { findRegularizer, REGULARIZERS } from './registry.js';
import type { RegularizedTensor, Regularizer } from './regularizer.js';

const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

const matrix = (): RegularizedTensor[] => [
  { data: Float32Array.of(3, 4, 0.3, -0.4, -2, 0), shape: [3, 2] },
  { data: Float32Array.of(12, 0, 0, 0, 0, 1), shape: [2, 3], axis: 1 },
];

/** |x - w|^2 / 2 + threshold penalty(x): what a proximal step makes least. */
function objective(regularizer: Regularizer, x: RegularizedTensor[], threshold: number): number {
  let distance = 0;
  const w = matrix();
  x.forEach(({ data }, k) => data.forEach((value, i) => (distance += (value - w[k]!.data[i]!) ** 2)));
  return distance / 2 + threshold * regularizer.penalty(x);
}

describe('regularisers', () => {
  it('have the penalties of their definitions', () => {
    const [a] = matrix();
    expect(l1.penalty([a!])).toBeCloseTo(9.7, 6);
    expect(l2.penalty([a!])).toBeCloseTo((9 + 16 + 0.09 + 0.16 + 4) / 2, 6);
    expect(groupLasso.penalty([a!])).toBeCloseTo(5 + 0.5 + 2, 6);
    expect(groupLasso.penalty([{ ...a!, axis: 1 }])).toBeCloseTo(Math.hypot(3, 0.3, 2) + Math.hypot(4, 0.4), 6);
  });

  it.each(Object.values(REGULARIZERS))('$name: no change of a proximal step lowers its objective', (regularizer) => {
    const x = matrix();
    regularizer.shrink(x, 0.75);
    const least = objective(regularizer, x, 0.75);
    for (const { data } of x) {
      for (let i = 0; i < data.length; i++) {
        for (const change of [-0.1, -1e-3, 1e-3, 0.1]) {
          const kept = data[i]!;
          data[i] = kept + change;
          // The optimum is rounded to float32: 12 weights below 16, half a unit each, slopes below 1.
          expect(objective(regularizer, x, 0.75)).toBeGreaterThan(least - 12 * 2 ** -21);
          data[i] = kept;
        }
      }
    }
  });

  it('l1 ends at exact zeros', () => {
    const [a] = matrix();
    l1.shrink([a!], 0.5);
    expect([...a!.data]).toEqual([2.5, 3.5, 0, 0, -1.5, 0]);
  });

  it('l2 divides', () => {
    const [a] = matrix();
    l2.shrink([a!], 1);
    expect([...a!.data]).toEqual([1.5, 2, Math.fround(0.3) / 2, Math.fround(-0.4) / 2, -1, 0]);
  });

  it('group lasso takes whole groups to 0, over several tensors', () => {
    const tensors = matrix();
    groupLasso.shrink(tensors, 1.5);
    // Norms: hypot(3, 4, 12) = 13, hypot(0.3, 0.4) = 0.5, hypot(2, 1) = 2.24.
    const factor = 1 - 1.5 / 13;
    const last = 1 - 1.5 / Math.sqrt(5);
    const expected = [3 * factor, 4 * factor, 0, 0, -2 * last, 0].map(Math.fround);
    expect([...tensors[0]!.data]).toEqual(expected);
    expect([...tensors[1]!.data]).toEqual([12 * factor, 0, 0, 0, 0, last].map(Math.fround));
  });

  it('group lasso takes groups of slices', () => {
    const [a] = matrix();
    const grouped = { ...a!, groupOf: [0, 1, 0] };
    expect(groupLasso.penalty([grouped])).toBeCloseTo(Math.hypot(3, 4, 2) + 0.5, 6);
    groupLasso.shrink([grouped], 0.6);
    expect([...grouped.data.subarray(2, 4)]).toEqual([0, 0]);
  });

  it('refuses wrong axes, groups, thresholds and names', () => {
    const [a] = matrix();
    expect(() => groupLasso.penalty([{ ...a!, axis: 2 }])).toThrow(code);
    expect(() => groupLasso.penalty([{ ...a!, groupOf: [0] }])).toThrow(code);
    for (const group of [-1, 0.5, NaN])
      expect(() => groupLasso.penalty([{ ...a!, groupOf: [0, group, 1] }])).toThrow(code);
    for (const regularizer of Object.values(REGULARIZERS)) {
      expect(() => regularizer.shrink([a!], -1)).toThrow(code);
      expect(findRegularizer(regularizer.name)).toBe(regularizer);
    }
    expect(() => findRegularizer('l0')).toThrow(code);
  });
});
