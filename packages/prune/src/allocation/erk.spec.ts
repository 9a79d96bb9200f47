import { erkCounts } from './erk.js';

const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

test('densities go as the sum of the dims over their product, until a tensor is full', () => {
  const shapes = [
    [300, 784],
    [100, 300],
    [10, 100],
  ];
  const counts = erkCounts(shapes, 5324);
  expect(counts.reduce((a, b) => a + b)).toBe(5324);
  const ratios = counts.map((count, i) => count / shapes[i]!.reduce((a, b) => a + b, 0));
  for (const ratio of ratios) expect(ratio / ratios[0]!).toBeCloseTo(1, 1);
  // The last one would be more than full.
  const many = erkCounts(shapes, 60_000);
  expect(many[2]).toBe(1000);
  expect(many[0]! / 1084).toBeCloseTo(many[1]! / 400, 1);
  expect(erkCounts(shapes, 266_200)).toEqual(shapes.map(size));
});

test('counts are whole, add up and fit, at any number', () => {
  const shapes = [[20, 1, 5, 5], [50, 20, 5, 5], [3], [0, 4]];
  const sizes = shapes.map(size);
  const total = sizes.reduce((a, b) => a + b);
  for (let count = 0; count <= total; count += 97) {
    const counts = erkCounts(shapes, count);
    expect(counts.reduce((a, b) => a + b)).toBe(count);
    counts.forEach((own, i) => expect(own >= 0 && own <= sizes[i]!).toBe(true));
  }
});
