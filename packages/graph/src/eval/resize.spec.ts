import { GraphBuilder } from '../builder.js';
import { tensorType } from '../ir/value-type.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

/** ONNX Runtime computes coordinates (below 8, rounded twice: 2^-22 each) in float32; the interpolants of numbers below 1 are no steeper than 8. */
const BOUND = 2 * 8 * 2 ** -22;

test.each([
  { op: 'Upsample', opset: 9, mode: 'nearest', scales: [1, 1, 2, 3] },
  { op: 'Upsample', opset: 9, mode: 'linear', scales: [1, 1, 2, 2] },
  { op: 'Resize', opset: 10, mode: 'nearest', scales: [1, 1, 2, 1.5] },
  { op: 'Resize', opset: 10, mode: 'nearest', scales: [1, 1, 0.6, 0.4] },
  { op: 'Resize', opset: 10, mode: 'linear', scales: [1, 1, 2, 0.6] },
  { op: 'Resize', opset: 13, mode: 'nearest', scales: [1, 1, 2, 0.6] },
  { op: 'Resize', opset: 13, mode: 'linear', scales: [1, 1, 2, 0.6] },
  { op: 'Resize', opset: 13, mode: 'cubic', scales: [1, 1, 2, 0.6] },
])('$op $opset $mode by $scales agrees with ONNX Runtime', async ({ op, opset, mode, scales }) => {
  const g = new GraphBuilder('net', { opset });
  const x = g.input('x', 'float32', [1, 2, 5, 5]);
  const factors = g.constant(scales, 'float32');
  const inputs = opset < 11 ? [x, factors] : [x, undefined, factors];
  g.output(g.op(op, inputs, { mode }), 'y');
  const model = g.model();
  model.graph.setType(model.graph.outputs[0]!, tensorType('float32'));
  const feeds = { x: numbers([1, 2, 5, 5], 1) };
  const [ours, theirs] = [evaluate(model, feeds)['y']!, (await runInOrt(model, feeds))['y']!];
  expect(ours.dims).toEqual(theirs.dims);
  const [a, b] = [ours.toFloat64(), theirs.toFloat64()];
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)).toBeLessThanOrEqual(BOUND);
});
