import { GraphBuilder, type Node, Tensor } from '@gossamer/graph';
import { countSaturation, emptyCount } from './measure-saturation.js';
import { pairLayout } from './pair-layout.js';
import { pairsAtRisk } from './pairs-at-risk.js';

const anyCode = { low: [0], high: [255] };

function node(op: string, attributes: Record<string, number[]> = {}): Node {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32');
  const made = g.op(op, [x, g.input('w', 'float32')], attributes);
  return made.producer!;
}

test('a pair is at risk from 129 steps of weight together on, on either side', () => {
  // Columns of [K, N] are rows here: pairs (64, 64), (65, 64), (127, -127), (-65, -64), (-64, -64).
  const pairs = [
    [64, 64],
    [65, 64],
    [127, -127],
    [-65, -64],
    [-64, -64],
  ];
  const codes = Tensor.of('int8', [2, 5], Int8Array.from([...pairs.map(([a]) => a!), ...pairs.map(([, b]) => b!)]));
  const layout = pairLayout(node('MatMul'), codes)!;
  expect([layout.rows, layout.columns]).toEqual([5, 2]);
  // 255 x 128 = 32640 fits, 255 x 129 = 32895 does not.
  expect(pairsAtRisk(layout, anyCode).map(({ row }) => row)).toEqual([1, 3]);
  // With the first channel's codes at most 250: 250 x 65 + 255 x 64 = 32570.
  expect(pairsAtRisk(layout, { low: [0, 0], high: [250, 255] })).toEqual([]);
});

test('neighbours of a convolution are channels of one kernel position', () => {
  // [1, 2, 1, 2]: channel 0 has (127, 0), channel 1 (0, 127): no pair (channel 0, channel 1) of a position adds up.
  const conv = node('Conv', { kernel_shape: [1, 2] });
  const apart = pairLayout(conv, Tensor.of('int8', [1, 2, 1, 2], Int8Array.of(127, 0, 0, 127)))!;
  expect(pairsAtRisk(apart, anyCode)).toEqual([]);
  const together = pairLayout(conv, Tensor.of('int8', [1, 2, 1, 2], Int8Array.of(127, 0, 127, 0)))!;
  expect(pairsAtRisk(together, anyCode)).toEqual([{ row: 0, column: 0 }]);
});

test('what is cut off is counted as a sum of saturated pairs leaves it', () => {
  const layout = pairLayout(node('MatMul'), Tensor.of('int8', [4, 1], Int8Array.of(127, 127, 1, 1)))!;
  const count = emptyCount(layout);
  const x = Float32Array.of(255, 255, 9, 9, 128, 128, 9, 9);
  const input = { scale: 1, zeroPoint: 0 };
  expect(countSaturation(count, node('MatMul'), layout, pairsAtRisk(layout, anyCode), x, [2, 4], input)).toBe(true);
  // 255 x 254 - 32767 in the first row; 128 x 254 = 32512 fits.
  expect(count).toEqual({ pairs: 4, saturated: 1, squaredExcess: Float64Array.of((255 * 254 - 32767) ** 2) });
});

test('a convolution reads its zero point beside the picture', () => {
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const conv = node('Conv', attributes);
  const layout = pairLayout(conv, Tensor.of('int8', [1, 2, 3, 3], new Int8Array(18).fill(100)))!;
  const count = emptyCount(layout);
  const risky = pairsAtRisk(layout, anyCode);
  expect(risky).toHaveLength(9);
  // One pixel of 2 channels, both 255: only the kernel's middle sees it, once; elsewhere zero points of 5.
  const input = { scale: 1, zeroPoint: 5 };
  countSaturation(count, conv, layout, risky, Float32Array.of(250, 250), [1, 2, 1, 1], input);
  expect(count).toMatchObject({ pairs: 9, saturated: 1 });
});
