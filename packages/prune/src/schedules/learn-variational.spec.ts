import { serializeModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, train } from '@gossamer/train';
import { zeroMasks } from '../masks/zero-masks.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import { learnVariational } from './learn-variational.js';
import type { Learner } from './learner.js';
import { recover } from './recover.js';
import { sparsityOf } from './rounds.js';

const [samples, shape] = [500, [784]];
const data = digits(0, samples, shape);
const held = digits(2000, 300, shape);
const base = { batch: 25, seed: 5, threads: 1, optimizer: 'adam' } as const;
const refused = expect.objectContaining({ code: 'ERR_PRUNE_OPTION' }) as Error;

test('weights that are noise go; the file classifies as the trainer measured, and recovers', async () => {
  const plain = { ...base, epochs: 3, losses: [{ loss: crossEntropy() }] };
  const { model: start } = await train(buildArchitecture('mlp-784-24-10', 3), data, plain);
  const before = serializeModel(start);
  let measured: number | undefined;
  const learn: Learner = async (model, { terms = [], ...lesson }) => {
    const losses = [{ loss: crossEntropy() }, ...terms];
    const validation = { dataset: held };
    const result = await train(model, data, { ...base, epochs: 8, learningRate: 0.02, validation, losses, ...lesson });
    measured = result.history.at(-1)!.validation;
    return result;
  };
  const { model, logAlpha, left } = await learnVariational(start, { samples, learn });
  expect(serializeModel(start)).toEqual(before);
  expect([...logAlpha.keys()]).toEqual(['fc1.weight', 'fc2.weight']);
  expect(left).toEqual([]);
  expect(sparsityOf(model, {})).toBeGreaterThan(0.3);
  expect(await accuracy(model, held)).toBe(measured);
  for (const [name, mask] of zeroMasks(model))
    mask.forEach((keep, i) => expect(logAlpha.get(name)![i]! > 3).toBe(keep === 0));
  const { model: recovered } = await recover(model, (own, lesson) => train(own, data, { ...plain, ...lesson }));
  expect(zeroMasks(recovered)).toEqual(zeroMasks(model));
  expect(await accuracy(recovered, held)).toBeGreaterThan(0.7);
});

test('a learner that leaves the divergence out, and options out of range, are refused', async () => {
  const silent: Learner = (model, { terms: _, ...lesson }) =>
    train(model, data, { ...base, steps: 1, losses: [{ loss: crossEntropy() }], ...lesson });
  for (const wrong of [{}, { samples: 0 }, { threshold: 9 }, { include: ['none-such'] }])
    await expect(
      learnVariational(buildArchitecture('mlp-784-8-10', 1), { samples, learn: silent, ...wrong }),
    ).rejects.toThrow(refused);
});
