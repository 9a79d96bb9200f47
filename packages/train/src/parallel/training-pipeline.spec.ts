import type { Model, Tensor } from '@gossamer/graph';
import { toTrainingForm } from '../form/to-training-form.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { buildLossGraph, buildTrainingGraph } from '../step/build-training-graph.js';
import { openTrainingSession } from '../step/training-session.js';
import { mlp } from '../architectures/mlp.js';
import { batchNet } from './testing/batch-net.js';
import { feedGraph } from './testing/feed-graph.js';
import { openTrainingPipeline } from './training-pipeline.js';

const losses = [{ loss: crossEntropy() }];
const BATCH = 12;

async function outputsOf(engine: 'native' | 'ort', model: Model, stages: number, microBatches: number) {
  const formOf = (batch: number) => toTrainingForm(model, { batch });
  const whole = buildTrainingGraph(formOf(BATCH), losses);
  const feeds = feedGraph(whole, formOf(BATCH), 1);
  const names = formOf(BATCH).parameters.map(({ name }) => name);
  const options = { stages, microBatches, engine };
  const pipeline = await openTrainingPipeline((batch) => buildLossGraph(formOf(batch), losses), BATCH, names, options);
  const session = await openTrainingSession(whole.model, { engine, threads: 1 });
  try {
    await pipeline.run(feeds);
    return [await pipeline.run(feeds), await pipeline.run(feeds), await session.run(feeds)] as const;
  } finally {
    await pipeline.dispose();
    await session.dispose();
  }
}

function expectClose(got: Readonly<Record<string, Tensor>>, want: Readonly<Record<string, Tensor>>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  const gradients = Object.entries(want).map(([name, tensor]) => [name, tensor.toFloat32()] as const);
  const most = gradients.reduce((a, [, data]) => data.reduce((b, x) => Math.max(b, Math.abs(x)), a), 0);
  for (const [name, data] of gradients) {
    expect(got[name]!.dims).toEqual(want[name]!.dims);
    // Sums of up to 12 * 64 terms in two orders, each below the largest number of all.
    got[name]!.toFloat32().forEach((x, i) => expect(Math.abs(x - data[i]!)).toBeLessThanOrEqual(100 * 2 ** -24 * most));
  }
}

describe.each(['native', 'ort'] as const)('a training pipeline on %s', (engine) => {
  test.each([
    ['a perceptron in 2 stages and 3 micro-batches', () => mlp([8, 16, 12, 3], 3), 2, 3],
    ['a perceptron in 3 stages and 4 micro-batches', () => mlp([8, 16, 12, 3], 3), 3, 4],
    // Statistics of a micro-batch are not those of the batch.
    ['a convolutional net in 2 stages', batchNet, 2, 1],
  ])('%s: gradients of the whole graph, the same bits every time', async (_, model, stages, microBatches) => {
    const [first, second, want] = await outputsOf(engine, model(), stages, microBatches);
    expectClose(first, want);
    for (const [name, tensor] of Object.entries(first)) expect(second[name]!.bytes()).toEqual(tensor.bytes());
  });
});
