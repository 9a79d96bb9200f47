import type * as tf from '@tensorflow/tfjs-core';
import { supportedOperators } from './registry.js';
import { convolutionCases } from './testing/convolution-cases.js';
import { elementwiseCases } from './testing/elementwise-cases.js';
import { gatherCases } from './testing/gather-cases.js';
import { imageCases } from './testing/image-cases.js';
import { matrixCases } from './testing/matrix-cases.js';
import { type Attributes, differenceFromTfjs, image, list, type OperatorCase, x } from './testing/operator-case.js';
import { reductionCases } from './testing/reduction-cases.js';
import { shapeCases } from './testing/shape-cases.js';

/** Compared in spectral.spec.ts: what they give is complex, which no output can be. */
const SPECTRAL = ['Complex', 'ComplexAbs', 'FFT', 'IFFT', 'IRFFT', 'Imag', 'RFFT', 'Real'];

const BOUNDS = [list(0, 1, -1, 0), list(2, 6, 3, 4), list(1, 2, 1, 3)];
const SLICES: readonly (readonly [string, tf.Tensor1D[], Attributes])[] = [
  ['no mask', [list(0, 1, 1, 0), list(2, -1, 5, 4), list(1, 2, 1, 3)], {}],
  ['begin and end masks', BOUNDS, { begin_mask: 12, end_mask: 6 }],
  ['a removed axis', [list(0, -1), list(2, 0), list(1, 1)], { shrink_axis_mask: 2 }],
  ['a new axis', [list(0, 0, 1), list(0, 2, 3), list(1, 1, 1)], { new_axis_mask: 1, begin_mask: 2 }],
  ['an ellipsis', [list(0, 0, 1), list(0, 0, 3), list(1, 1, 1)], { ellipsis_mask: 2, shrink_axis_mask: 1 }],
  ['backwards', [list(0, -1), list(0, 0), list(1, -2)], { begin_mask: 3, end_mask: 3 }],
];

/** Operators that a spec of their own covers. */
const ELSEWHERE = ['Const', 'Placeholder', 'PlaceholderWithDefault', ...SPECTRAL];

const FAMILIES: readonly (readonly [string, readonly OperatorCase[]])[] = [
  ['element by element', elementwiseCases],
  ['convolution and pooling', convolutionCases],
  ['matrices and normalizing', matrixCases],
  ['reduction', reductionCases],
  ['shapes and parts', shapeCases],
  ['places', gatherCases],
  ['images', imageCases],
];

describe.each(FAMILIES)('graph model, one operator at a time, against TF.js: %s', (_, cases) => {
  const titled = cases.map((item, i) => [`${i} ${item.op}${item.note ? `: ${item.note}` : ''}`, item] as const);

  test.each(titled)('%s', async (_title, item) => {
    expect(await differenceFromTfjs(item)).toBeLessThanOrEqual(item.tolerance ?? 2e-6);
  });
});

describe('graph model', () => {
  test.each(SLICES)('StridedSlice: %s', async (_, bounds, attributes) => {
    expect(
      await differenceFromTfjs({ op: 'StridedSlice', feeds: x(image), operands: ['x', ...bounds], attributes }),
    ).toBe(0);
  });

  test('every supported operator is among the cases', () => {
    const covered = new Set([
      ...FAMILIES.flatMap(([, cases]) => cases.map(({ op }) => op)),
      'StridedSlice',
      ...ELSEWHERE,
    ]);
    expect(supportedOperators().filter((op) => !covered.has(op))).toEqual([]);
  });
});
