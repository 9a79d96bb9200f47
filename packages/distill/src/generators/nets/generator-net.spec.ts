import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { generatorMacs, generatorNet } from './generator-net.js';
import { RECOGNISED, recogniserNet } from './recogniser-net.js';

const head = { kind: 'ranged', low: -1, high: 3 } as const;

test('a generator of 28 x 28 images takes less than 25 million multiply-accumulates', () => {
  const model = generatorNet({ codes: 100, shape: [1, 28, 28], head, seed: 0 });
  // Dense 100 x 3136, convolutions 64 x 64 x 9 at 14 x 14, 64 x 32 x 9 and 32 x 9 at 28 x 28.
  expect(generatorMacs(model)).toBe(313_600 + 7_225_344 + 14_450_688 + 225_792);
});

test.each([[[1, 7, 6]], [[3, 8, 8]], [[5]], [[2, 3]]])(
  'samples of %j within the range, and nets that see them',
  (shape) => {
    const model = generatorNet({ codes: 4, shape, head, seed: 1 });
    const codes = Tensor.of('float32', [2, 4], Float32Array.from([1, -2, 0.5, 3, 0, 1, -1, 2]));
    const { samples } = evaluate(model, { codes });
    expect(samples!.dims).toEqual([2, ...shape]);
    for (const x of samples!.toFloat32()) expect(Math.abs(x - 1)).toBeLessThanOrEqual(2);
    const judge = recogniserNet({ name: 'judge', shape, outputs: 3, seed: 1 });
    expect(evaluate(judge, { seen: samples! })[RECOGNISED]!.dims).toEqual([2, 3]);
  },
);
