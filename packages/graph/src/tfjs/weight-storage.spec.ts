import { affineGrid, decodeStored, encodeStored, storageBound } from './weight-storage.js';

/** Made with tfjs-converter's own `quantize_weights` (NumPy 2) on these numbers as float32. */
const REFERENCE = [
  {
    title: 'a range around 0, uint8',
    values: [-1.7, -0.3, 0, 0.1, 0.45, 2.3],
    dtype: 'uint8',
    scale: 0.01568627450980392,
    min: -1.6941176470588235,
    codes: [0, 89, 108, 114, 137, 255],
  },
  {
    title: 'a range around 0, uint16',
    values: [-1.7, -0.3, 0, 0.1, 0.45, 2.3],
    dtype: 'uint16',
    scale: 6.103608758678569e-5,
    min: -1.699977111467155,
    codes: [0, 22937, 27852, 29490, 35225, 65535],
  },
  {
    title: 'positive numbers',
    values: [0.5, 0.75, 1.1, 3.25],
    dtype: 'uint8',
    scale: 0.010784313725490196,
    min: 0.5,
    codes: [0, 23, 56, 255],
  },
  {
    title: 'negative numbers',
    values: [-4, -3.3, -1.25],
    dtype: 'uint8',
    scale: 0.010784313725490196,
    min: -4,
    codes: [0, 65, 255],
  },
  { title: 'one number', values: [0.3, 0.3], dtype: 'uint8', scale: 1, min: 0.30000001192092896, codes: [0, 0] },
  { title: 'zeros', values: [0, -0], dtype: 'uint8', scale: 1, min: 0, codes: [0, 0] },
  {
    title: 'from 0 up',
    values: [0, 0.1, 0.7],
    dtype: 'uint8',
    scale: 0.002745097992466945,
    min: 0,
    codes: [0, 36, 255],
  },
  {
    title: 'up to 0',
    values: [-0.7, -0.1, 0],
    dtype: 'uint16',
    scale: 1.068131514578578e-5,
    min: -0.699999988079071,
    codes: [0, 56173, 65535],
  },
] as const;

test.each(REFERENCE)('the grid of tfjs-converter: $title', ({ values, dtype, scale, min, codes }) => {
  const data = Float32Array.from(values);
  const grid = affineGrid(Math.min(...data), Math.max(...data), dtype);
  expect(grid.scale).toBe(scale);
  expect(grid.min + 0).toBe(min);
  const bytes = encodeStored(data, grid);
  const stored = dtype === 'uint8' ? bytes : new Uint16Array(bytes.buffer);
  expect(Array.from(stored)).toEqual([...codes]);
  const decoded = decodeStored(bytes, 'float32', grid);
  const magnitude = Math.max(...data.map(Math.abs));
  data.forEach((value, i) => {
    expect(Math.abs(decoded[i]! - value)).toBeLessThanOrEqual(storageBound(grid, magnitude));
    if (value === 0) expect(decoded[i]).toBe(0);
  });
});

test('random ranges of all sizes keep the bound, and 0 keeps its value', () => {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 300; round++) {
    const size = 10 ** (random() * 60 - 30);
    const shift = (random() - 0.5) * 3 * size;
    const data = Float32Array.from({ length: 40 }, (_, i) => (i === 0 ? 0 : (random() - 0.5) * size + shift));
    const grid = affineGrid(Math.min(...data), Math.max(...data), round % 2 ? 'uint8' : 'uint16');
    const decoded = decodeStored(encodeStored(data, grid), 'float32', grid);
    const bound = storageBound(grid, Math.max(...data.map(Math.abs)));
    const worst = Math.max(...data.map((value, i) => Math.abs(value - decoded[i]!)));
    expect(worst).toBeLessThanOrEqual(bound);
    expect(decoded[0]).toBe(0);
  }
});

test('float16 rounds half to even, small numbers to subnormal ones', () => {
  const grid = { dtype: 'float16', scale: 1, min: 0 } as const;
  const data = Float32Array.of(1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -65519, 2 ** -25, 3 * 2 ** -25, 2 ** -24);
  const decoded = decodeStored(encodeStored(data, grid), 'float32', grid);
  expect(Array.from(decoded)).toEqual([1, 1, 1 + 2 ** -9, -65504, 0, 2 ** -23, 2 ** -24]);
});
