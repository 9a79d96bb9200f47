import { Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { openTrainingSession } from '../step/training-session.js';
import { emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';
import { lowered } from '../testing/lowered.js';
import { expandFunctions } from './expand-functions.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

const one =
  (op: string, attributes: Attributes = {}) =>
  (g: Emitter, values: readonly Value[]) =>
    g.op(op, values, attributes);

const SAME = { pads: [1, 1, 1, 1] };
const TILES = { kernel_shape: [2, 2], strides: [2, 2] };

/** One for each formulation of a body, and operators whose gradients a stock runtime may read otherwise. */
const CASES: readonly [string, Shapes, (g: Emitter, values: readonly Value[]) => Value][] = [
  ['Conv, channels last', { x: [2, 3, 8, 8], w: [4, 3, 3, 3], b: [4] }, one('Conv', SAME)],
  ['Conv, strided', { x: [2, 3, 8, 9], w: [4, 3, 3, 3] }, one('Conv', { strides: [2, 2], pads: [0, 1, 1, 0] })],
  ['Conv, samples by tap', { x: [2, 8, 20, 20], w: [4, 8, 3, 3] }, one('Conv', SAME)],
  ['Conv, samples by columns', { x: [2, 2, 20, 20], w: [4, 2, 3, 3] }, one('Conv', SAME)],
  ['Conv, few channels and many taps', { x: [2, 1, 24, 24], w: [4, 1, 5, 5] }, one('Conv')],
  ['Conv, slices of the batch', { x: [5, 16, 60, 60], w: [2, 16, 1, 3] }, one('Conv')],
  ['Conv, depthwise', { x: [2, 4, 9, 9], w: [8, 1, 3, 3] }, one('Conv', { group: 4, ...SAME })],
  ['Conv, depthwise, strided', { x: [2, 4, 9, 9], w: [8, 1, 3, 3] }, one('Conv', { group: 4, strides: [2, 2] })],
  ['Conv, groups', { x: [2, 4, 9, 9], w: [8, 2, 3, 3] }, one('Conv', { group: 2, dilations: [2, 2] })],
  ['Conv 3-D', { x: [1, 2, 4, 5, 6], w: [3, 2, 3, 3, 3] }, one('Conv', { strides: [1, 2, 1] })],
  [
    'ConvTranspose',
    { x: [2, 4, 5, 5], w: [4, 2, 3, 3], b: [4] },
    one('ConvTranspose', { group: 2, strides: [2, 2], output_padding: [1, 1], ...SAME }),
  ],
  ['MaxPool, tiles', { x: [2, 3, 8, 8] }, one('MaxPool', TILES)],
  ['MaxPool', { x: [2, 3, 9, 9] }, one('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, ...SAME })],
  ['AveragePool, tiles', { x: [2, 3, 8, 8] }, one('AveragePool', TILES)],
  ['AveragePool', { x: [2, 3, 8, 8] }, one('AveragePool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  ['Gather', { x: [4, 5] }, (g, [x]) => g.op('Gather', [x, g.constant([1, -1, 1, 0], 'int64', [2, 2])], { axis: 1 })],
  [
    'Slice',
    { x: [4, 9] },
    (g, [x]) => g.op('Slice', [x, g.int64([-1, 1]), g.int64([-100, 8]), g.int64([0, 1]), g.int64([-2, 3])]),
  ],
  [
    'Resize',
    { x: [1, 1, 5, 6] },
    (g, [x]) => g.op('Resize', [x, undefined, g.constant([1, 1, 2, 1.5])], { mode: 'cubic' }),
  ],
  [
    'LSTM',
    { x: [3, 2, 4], w: [2, 12, 4], r: [2, 12, 3], b: [2, 24] },
    (g, values) => lowered(g, g.op('LSTM', values, { hidden_size: 3, direction: 'bidirectional' }))[0]!,
  ],
];

test.each(CASES)('%s: ONNX Runtime runs the bodies, and has the same gradients', async (_, shapes, build) => {
  const g = emptyEmitter();
  const names = Object.keys(shapes);
  const result = build(
    g,
    names.map((name) => g.input(name, 'float32', shapes[name]!)),
  );
  g.output(
    g.sum(
      g.mul(result, result),
      g.shape(result).map((_, axis) => axis),
    ),
    'loss',
  );
  const { model, gradients } = differentiate(g.model, { loss: 'loss', wrt: names });
  const feeds = Object.fromEntries(
    names.map((name, i) => {
      const size = shapes[name]!.reduce((a, b) => a * b, 1);
      return [name, Tensor.of('float32', shapes[name]!, Float32Array.from(sampleNumbers(size, i + 1)))];
    }),
  );
  const expected = evaluate(expandFunctions(model), feeds, { precision: 'float64' });
  const session = await openTrainingSession(model, { engine: 'ort', threads: 1 });
  const received = await session.run(feeds);
  await session.dispose();
  for (const name of gradients.values()) {
    const want = expected[name]!.toFloat64();
    const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Sums in float32 of up to 17400 terms, as random walks, of terms that were rounded some 16 times before: sqrt(17400) * 2^-24, and as much again.
    const bound = 2 * 132 * 2 ** -24 * largest;
    received[name]!.toFloat32().forEach((value, i) => {
      if (Math.abs(value - want[i]!) <= bound) return;
      throw new Error(`${name}[${i}]: expected ${want[i]}, received ${value}`);
    });
  }
});
