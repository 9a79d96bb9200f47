import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { emptyEmitter, sampleNumbers } from '../../testing/check-gradient.js';
import { type Convolution, product } from '../convolution.js';
import { inSlices } from './batch-slices.js';
import { channelsLastByRow } from './channels-last.js';
import { depthwise } from './depthwise.js';
import { dilatedConv } from './dilated-conv.js';
import type { Formulation } from './formulation.js';
import { samplesByColumns, samplesByTap } from './samples.js';

const PLAIN: Convolution = {
  batch: 4,
  channels: 3,
  outChannels: 2,
  group: 1,
  input: [6, 7],
  output: [4, 3],
  kernel: [2, 3],
  strides: [1, 2],
  dilations: [2, 1],
  padsBegin: [0, 1],
  padsEnd: [1, 0],
};
const GROUPED: Convolution = { ...PLAIN, channels: 4, outChannels: 4, group: 2, output: [5, 3] };
const DEPTHWISE: Convolution = { ...PLAIN, channels: 2, outChannels: 4, group: 2, output: [5, 3] };
const VOLUME: Convolution = {
  ...PLAIN,
  input: [3, 3, 4],
  output: [2, 3, 4],
  kernel: [2, 2, 3],
  strides: [1, 1, 1],
  dilations: [1, 1, 1],
  padsBegin: [0, 1, 0],
  padsEnd: [0, 0, 2],
};

function weightGradient(formulation: Formulation, problem: Convolution): Float64Array {
  const g = emptyEmitter();
  const shapes = {
    x: [problem.batch, problem.channels, ...problem.input],
    dy: [problem.batch, problem.outChannels, ...problem.output],
  };
  const [x, dy] = [g.input('x', 'float32', shapes.x), g.input('dy', 'float32', shapes.dy)];
  g.output(formulation(g, x, dy, problem), 'dw');
  const feed = (shape: readonly number[], seed: number) =>
    Tensor.of('float64', shape, sampleNumbers(product(shape), seed));
  const feeds = { x: feed(shapes.x, 1), dy: feed(shapes.dy, 2) };
  const dw = evaluate(g.model, feeds, { precision: 'float64' })['dw']!;
  expect(dw.dims).toEqual([problem.outChannels, problem.channels / problem.group, ...problem.kernel]);
  return dw.toFloat64();
}

test.each<[string, Formulation, readonly Convolution[]]>([
  ['products of samples by tap', samplesByTap, [PLAIN, GROUPED, DEPTHWISE, VOLUME]],
  ['products of samples by columns', samplesByColumns, [PLAIN, GROUPED, DEPTHWISE, VOLUME]],
  ['channels last', channelsLastByRow, [PLAIN, VOLUME]],
  ['depthwise', depthwise, [DEPTHWISE]],
  ['channels last in slices of the batch', inSlices(channelsLastByRow, 3), [PLAIN]],
])('%s: the same sums as by the dilated convolution', (_, formulation, problems) => {
  for (const problem of problems) {
    const expected = weightGradient(dilatedConv, problem);
    const received = weightGradient(formulation, problem);
    // Sums of up to 4 * 4 * 3 products below 1 in float64, in another order.
    expected.forEach((value, i) => expect(Math.abs(value - received[i]!)).toBeLessThan(48 * 48 * 2 ** -53));
  }
});
