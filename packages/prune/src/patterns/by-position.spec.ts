import { GraphBuilder, weightViews } from '@gossamer/graph';
import { pruneWeights } from '../prune-weights.js';
import { piecesOf } from './by-position.js';
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

test.each<[string, number | undefined, number, (windows: number[]) => boolean]>([
  // 12 of 64 are 4 of 20, rounded up; 16 of 64 are 5.
  ['12:64', undefined, 20, (windows) => windows.every((count) => count === 4)],
  ['max16:64', 0.8, 20, (windows) => windows.every((count) => count <= 5)],
  ['1:2', undefined, 2, (windows) => windows.every((count) => count === 1)],
])('%s: windows of a convolution lie within a kernel position', async (pattern, sparsity, window, isRight) => {
  const { model, report } = await pruneWeights(convolution(), {
    pattern,
    ...(sparsity === undefined ? {} : { sparsity }),
  });
  if (sparsity !== undefined) expect(report.sparsity).toBe(sparsity);
  const w = weightViews(model)[0]!.toFloat32();
  for (let output = 0; output < 16; output++) expect(isRight(sums(alive(w, output), window))).toBe(true);
});

test('block:2x4: four channels of one position', async () => {
  const { model } = await pruneWeights(convolution(), { pattern: 'block:2x4', sparsity: 0.5 });
  const w = weightViews(model)[0]!.toFloat32();
  for (let output = 0; output < 16; output += 2) {
    const [upper, lower] = [sums(alive(w, output), 4), sums(alive(w, output + 1), 4)];
    expect(upper).toEqual(lower);
    for (const count of upper) expect([0, 4]).toContain(count);
  }
});

test('pieces: a position each; of few channels one, position after position; of one position the columns as they are', () => {
  const pieces = piecesOf({ columns: 48, taps: 3 });
  expect(pieces.map((piece) => [piece.length, piece[0], piece[1]])).toEqual([
    [16, 0, 3],
    [16, 1, 4],
    [16, 2, 5],
  ]);
  expect(piecesOf({ columns: 6, taps: 3 }).map((piece) => [...piece])).toEqual([[0, 3, 1, 4, 2, 5]]);
  expect(piecesOf({ columns: 4, taps: 1 }).map((piece) => [...piece])).toEqual([[0, 1, 2, 3]]);
  const matrix = { rows: 1, columns: 4, taps: 2, scores: Float64Array.of(4, 1, 3, 2) };
  const [mask] = parsePattern('1:2').choose([matrix], 0);
  expect([...mask!]).toEqual([1, 0, 0, 1]); // pairs are columns 0 and 2, then 1 and 3
});
