import { Tensor } from '../../ir/tensor.js';
import { narrowTensor } from './narrow-tensor.js';
import { widenTensor } from './widen-tensor.js';

const codes = Tensor.of(
  'float16',
  [65536],
  Uint16Array.from({ length: 65536 }, (_, i) => i),
);
const finite = [...codes.toFloat32()].filter(Number.isFinite);

test('every float16 survives there and back, NaN as NaN', () => {
  const back = narrowTensor(widenTensor(codes));
  const [found, expected] = [back.toFloat32(), codes.toFloat32()];
  expect(found.every((x, i) => Object.is(x, expected[i]))).toBe(true);
  const numbers = Tensor.of('float32', [finite.length], Float32Array.from(finite));
  expect(narrowTensor(numbers).hash()).toBe(Tensor.fromNumbers('float16', numbers.dims, finite).hash());
});

test('what lies between rounds as Tensor.fromNumbers rounds: ties, their neighbours, overflow, digits that go', () => {
  const sorted = [...new Set(finite)].sort((a, b) => a - b);
  const ties = sorted.slice(1).map((x, i) => (x + sorted[i]!) / 2);
  const bits = new Uint32Array(Float32Array.from(ties).buffer);
  const near = [-1, 0, 1].flatMap((step) => [...new Float32Array(bits.map((x) => x + step).buffer)]);
  const edges = [
    65519.996,
    65520,
    65536,
    1e38,
    2 ** -24,
    2 ** -25,
    2 ** -25 * 1.0001,
    2 ** -26,
    1e-45,
    -0,
    0,
    Infinity,
  ];
  const numbers = Float32Array.from([...near, ...edges, ...edges.map((x) => -x)]);
  const tensor = Tensor.of('float32', [numbers.length], numbers);
  expect(narrowTensor(tensor).hash()).toBe(Tensor.fromNumbers('float16', tensor.dims, numbers).hash());
});

test('a tensor longer than a piece, at an odd byte', () => {
  const numbers = Float32Array.from({ length: 2 ** 20 + 3 }, (_, i) => i / 7);
  const raw = new Uint8Array(numbers.byteLength + 1);
  raw.set(new Uint8Array(numbers.buffer), 1);
  const tensor = Tensor.of('float32', [numbers.length], raw.subarray(1));
  // Around the border of the pieces, and at the end.
  const tail = numbers.subarray(2 ** 20 - 8);
  const expected = Tensor.fromNumbers('float16', [tail.length], tail).toFloat32();
  expect(
    narrowTensor(tensor)
      .toFloat32()
      .subarray(2 ** 20 - 8),
  ).toEqual(expected);
});
