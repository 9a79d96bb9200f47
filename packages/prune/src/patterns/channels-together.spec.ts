import { GraphBuilder, weightViews } from '@gossamer/graph';
import { pruneWeights } from '../prune-weights.js';
import { columnOrder } from './channels-together.js';
import { parsePattern } from './parse-pattern.js';

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(1.3 * i + 1));

/** 2 groups of 8 outputs that read 20 channels each through 3 x 2 positions. */
function convolution() {
  const g = new GraphBuilder('one', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 40, 6, 6]);
  return g.output(g.op('Conv', [x, g.weight('w', [16, 20, 3, 2], wave(1920))], { group: 2 }), 'y').model();
}

/** Weights other than 0 of an output, position after position, the channels of each side by side. */
function alive(w: Float32Array, output: number): number[] {
  const found: number[] = [];
  for (let position = 0; position < 6; position++)
    for (let channel = 0; channel < 20; channel++) found.push(w[(output * 20 + channel) * 6 + position] === 0 ? 0 : 1);
  return found;
}

const sums = (values: readonly number[], size: number): number[] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size).reduce((a, b) => a + b, 0),
  );

test.each<[string, number | undefined, (windows: number[]) => boolean]>([
  ['12:64', undefined, ([first, second]) => first === 12 && second === 11],
  ['max16:64', 0.5, (windows) => windows.every((count) => count <= 16)],
])('%s: windows of a convolution are what its kernel sums over in one go', async (pattern, sparsity, isRight) => {
  const { model } = await pruneWeights(convolution(), { pattern, ...(sparsity === undefined ? {} : { sparsity }) });
  const w = weightViews(model)[0]!.toFloat32();
  for (let output = 0; output < 16; output++) expect(isRight(sums(alive(w, output), 64))).toBe(true);
});

test('block:2x4: four channels of one position, or of two that follow each other', async () => {
  const { model } = await pruneWeights(convolution(), { pattern: 'block:2x4', sparsity: 0.5 });
  const w = weightViews(model)[0]!.toFloat32();
  for (let output = 0; output < 16; output += 2) {
    const [upper, lower] = [sums(alive(w, output), 4), sums(alive(w, output + 1), 4)];
    expect(upper).toEqual(lower);
    for (const count of upper) expect([0, 4]).toContain(count);
  }
});

test('the order: position, then channel; where there is one position, the columns as they are', () => {
  expect([...columnOrder({ columns: 6, taps: 3 })]).toEqual([0, 3, 1, 4, 2, 5]);
  expect([...columnOrder({ columns: 4, taps: 1 })]).toEqual([0, 1, 2, 3]);
  const [mask] = parsePattern('1:2').choose([{ rows: 1, columns: 4, taps: 2, scores: Float64Array.of(4, 1, 3, 2) }], 0);
  expect([...mask!]).toEqual([1, 0, 0, 1]); // pairs are places 0 and 2, then 1 and 3
});
