import { GraphBuilder, type Model } from '@gossamer/graph';
import { toTrainingForm } from '../form/to-training-form.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { buildTrainingGraph } from './build-training-graph.js';

/** Logits [n, 3] of input `name` [n, 3]. */
function net(name: string): Model {
  const g = new GraphBuilder('net');
  const w = g.weight('w', [3, 3], new Float32Array(9).fill(1));
  return g.output(g.op('MatMul', [g.input(name, 'float32', ['n', 3]), w]), 'y').model();
}
const refused = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

test.each(['labels', 'sample_weights'])(
  'an input %s of the model, which losses need the name of, is refused',
  (name) => {
    const form = toTrainingForm(net(name), { batch: 2 });
    expect(() => buildTrainingGraph(form, [{ loss: crossEntropy() }])).toThrow(refused);
  },
);

test.each([NaN, Infinity])('a loss of weight %d is refused', (weight) => {
  const form = toTrainingForm(net('x'), { batch: 2 });
  expect(() => buildTrainingGraph(form, [{ loss: crossEntropy(), weight }])).toThrow(refused);
});

test.each([-1, 2, 0.5])('a class axis %d of logits of rank 2 is refused', (classAxis) => {
  const form = toTrainingForm(net('x'), { batch: 2 });
  expect(() => buildTrainingGraph(form, [{ loss: crossEntropy({ classAxis }) }])).toThrow(refused);
});
