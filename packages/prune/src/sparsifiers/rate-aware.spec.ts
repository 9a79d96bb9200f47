import type { SparseParameter } from '@gossamer/train';
import { rateAware } from './rate-aware.js';

const parameter = (shape: readonly number[], weight: ArrayLike<number>): SparseParameter => ({
  shape,
  weight: Float32Array.from(weight),
  gradient: new Float32Array(weight.length),
  mask: new Uint8Array(weight.length).fill(1),
});
const live = (mask: Uint8Array): number[] => [...mask.keys()].filter((i) => mask[i] === 1);

/** Runs the sparsifier alone, as a training of `steps` would. */
function walk(parameters: ReadonlyMap<string, SparseParameter>, steps: number, options: object): number[] {
  const sparsifier = rateAware({ parameters: [...parameters.keys()], weights: 4, every: 1, ...options });
  sparsifier.state!(parameters);
  return Array.from({ length: steps }, (_, step) => {
    sparsifier.beforeStep!({ step, steps, learningRate: 1, seed: 0, parameters });
    return [...parameters.values()].reduce((sum, { mask }) => sum + live(mask).length, 0);
  });
}

test('counts fall as the curve says, in logarithms, and stay from the end on', () => {
  const weight = Float32Array.from({ length: 64 }, (_, i) => 1 + ((i * 37) % 64) / 64);
  const counts = walk(new Map([['w', parameter([8, 8], weight)]]), 10, { end: 0.8, curve: 1 });
  expect(counts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 8].map((t) => Math.round(4 * 16 ** (1 - t / 8))));
});

test('without a rate the scores of LAMP decide, over all tensors', () => {
  const [a, b] = [parameter([2, 3], [6, 5, 4, 3, 2, 1]), parameter([2, 2], [0.4, 0.3, 0.2, 0.1])];
  walk(
    new Map([
      ['a', a],
      ['b', b],
    ]),
    2,
    { rate: 0, end: 0.5 },
  );
  // w² over what is no smaller: 1, 25/61, 16/77, 9/86 and 1, 9/25, 4/29, 1/30.
  expect(live(a.mask)).toEqual([0, 1]);
  expect(live(b.mask)).toEqual([0, 1]);
});

test('of weights of one magnitude, those in full rows and columns stay', () => {
  // Rows 0 and 1 are full, rows 2 and 3 hold one each.
  const places = [0, 1, 2, 4, 5, 6, 8, 13];
  const weight = Float32Array.from({ length: 16 }, (_, i) => (places.includes(i) ? 1 : 0));
  const own = parameter([4, 4], weight);
  walk(new Map([['w', own]]), 2, { weights: 6, rate: 1, end: 0.5 });
  expect(live(own.mask)).toEqual([0, 1, 2, 4, 5, 6]);
});

test('kernels count by filter and input channel', () => {
  const weight = new Float32Array(2 * 2 * 4).fill(1);
  weight.fill(0, 12, 15);
  const own = parameter([2, 2, 2, 2], weight);
  walk(new Map([['w', own]]), 2, { weights: 12, rate: 1, end: 0.5 });
  expect(own.mask[15]).toBe(0);
});

test.each([{ weights: 0 }, { weights: 1.5 }, { rate: -1 }, { end: 0 }, { curve: 0 }, { every: 0 }])(
  '%o is refused',
  (options) => {
    expect(() => rateAware({ parameters: ['w'], weights: 4, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_PRUNE_OPTION' }) as Error,
    );
  },
);
