import { GraphBuilder, Tensor } from '@gossamer/graph';
import { join } from 'node:path';
import { dataFromArrays } from '../data/array-source.js';
import { openData } from '../data/open-data.js';
import { Session } from '../session/session.js';
import { evaluateMetrics } from './evaluate-metrics.js';
import { createMetric } from './registry.js';

const models = join(__dirname, '../../../../fixtures/models');

test('tinylm has the perplexity that is written beside it, whatever the batch size', async () => {
  const session = await Session.open(join(models, 'tinylm.onnx'));
  const data = await openData(`npz:${join(models, 'tinylm-eval.npz')}`, { limit: 64 });
  const [result] = await evaluateMetrics(session, data, [createMetric('perplexity')], { batchSize: 16 });
  expect(result!.value).toBeCloseTo(14.868, 2);
  expect(result!.samples).toBe(8192);
  await session.dispose();
});

/** y = x + h, carried as h. */
function accumulator(factor: number) {
  const g = new GraphBuilder('sum');
  const x = g.input('x', 'float32', ['n', 1]);
  const h = g.input('h', 'float32', ['n', 1]);
  const sum = g.op('Add', [x, h]);
  g.output(g.op('Identity', [sum]), 'hn', 'float32', ['n', 1]);
  return g.output(g.op('Mul', [sum, g.constant(factor, 'float32')]), 'y', 'float32', ['n', 1]).model();
}

test('sequences run step by step with their state, metrics see every step', async () => {
  const [session, reference] = [await Session.open(accumulator(2)), await Session.open(accumulator(1))];
  const x = Tensor.of('float32', [2, 3, 1], Float32Array.of(1, 2, 3, 10, 20, 30));
  const metric = createMetric('max-abs-error', { output: 'y' });
  const data = dataFromArrays({ x }, { sequence: true });
  const [error] = await evaluateMetrics(session, data, [metric], { reference, batchSize: 2 });
  // Sums reach 60: twice that, less that.
  expect(error).toMatchObject({ value: 60, samples: 6 });
  const agreement = createMetric('agreement', { output: 'y', threshold: 12 });
  // Doubled, the sums 6 and 10 cross 12; 12 of them is what 6 becomes.
  const [agreed] = await evaluateMetrics(session, data, [agreement], { reference });
  expect(agreed!.details).toEqual({ changed: 2 });
  await session.dispose();
  await reference.dispose();
});

test('progress counts samples, and a signal stops between batches', async () => {
  const session = await Session.open(accumulator(1));
  const data = dataFromArrays({
    x: Tensor.of('float32', [4, 1], new Float32Array(4)),
    labels: Tensor.fromNumbers('int64', [4], [0, 0, 0, 0]),
  });
  const seen: number[] = [];
  const controller = new AbortController();
  const run = evaluateMetrics(session, data, [createMetric('top1', { output: 'y' })], {
    signal: controller.signal,
    onProgress: ({ done }) => {
      seen.push(done);
      if (done === 3) controller.abort(new Error('enough'));
    },
  });
  await expect(run).rejects.toThrow('enough');
  expect(seen).toEqual([1, 2, 3]);
  await session.dispose();
});

test('outputs whose first axis is not the batch are compared as a whole, filling rows are not', async () => {
  const frames = (factor: number) => {
    const g = new GraphBuilder('frames');
    const x = g.input('x', 'float32', [2, 3]);
    const gain = g.constant([1, 1, factor], 'float32');
    return g.output(g.op('Transpose', [g.op('Mul', [x, gain])]), 'y', 'float32', [3, 2]).model();
  };
  const [session, reference] = [await Session.open(frames(1)), await Session.open(frames(2))];
  const x = Tensor.of('float32', [3, 3], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  const metrics = [createMetric('max-abs-error'), createMetric('agreement')];
  const [error, agreed] = await evaluateMetrics(session, dataFromArrays({ x }), metrics, { reference });
  expect(error!.value).toBe(9);
  expect(agreed!.samples).toBe(6);
  await session.dispose();
  await reference.dispose();
});
