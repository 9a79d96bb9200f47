import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, openGates, train } from '@gossamer/train';
import { groupsOf } from '../groups/groups-of.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import { learnGates } from './learn-gates.js';
import type { Learner } from './learner.js';
import { recover } from './recover.js';

const dense = () => buildArchitecture('mlp-784-64-32-10', 3);
const dataOf = (shape: readonly number[]) => ({ data: digits(0, 600, shape), held: digits(2000, 300, shape) });
const base = { batch: 50, optimizer: 'adam', learningRate: 2e-3, seed: 5, threads: 1 } as const;
const refused = expect.objectContaining({ code: 'ERR_PRUNE_OPTION' }) as Error;

/** Convolutions with normalizations around a residual sum: a group that five tensors make, and one inside. */
function residual(): Model {
  const g = new GraphBuilder('residual');
  const numbers = (count: number, size: number, step: number) =>
    Float32Array.from({ length: count }, (_, i) => size * Math.sin(1 + i * step));
  const normalized = (x: Value, name: string, inputs: number, outputs: number) => {
    const conv = g.op(
      'Conv',
      [x, g.weight(`${name}.w`, [outputs, inputs, 3, 3], numbers(outputs * inputs * 9, 0.3, 1.7))],
      {
        ...{ pads: [1, 1, 1, 1], strides: name === 'stem' ? [2, 2] : [1, 1] },
      },
    );
    const fill = (part: string, value: number) =>
      g.weight(`${name}.${part}`, [outputs], new Float32Array(outputs).fill(value));
    return g.op('BatchNormalization', [
      conv,
      fill('scale', 1),
      fill('shift', 0.1),
      fill('mean', 0),
      fill('variance', 1),
    ]);
  };
  const x = g.op('Relu', [normalized(g.input('input', 'float32', ['n', 1, 28, 28]), 'stem', 1, 8)]);
  const inner = g.op('Relu', [normalized(x, 'inner', 8, 12)]);
  const sum = g.op('Relu', [g.op('Add', [x, normalized(inner, 'outer', 12, 8)])]);
  const flat = g.op('Flatten', [g.op('MaxPool', [sum], { kernel_shape: [7, 7], strides: [7, 7] })]);
  return g.output(g.op('MatMul', [flat, g.weight('last', [32, 10], numbers(320, 0.2, 0.9))]), 'logits').model();
}

test.each([
  ['dense layers', dense, [784], 4e-3, 10],
  ['a residual block with normalizations', residual, [1, 28, 28], 0.3, 3],
] as const)(
  '%s: gates at 0 are removed, and what is left computes what was learned',
  async (_, make, shape, strength, least) => {
    const { data, held } = dataOf(shape);
    const model = make();
    const before = serializeModel(model);
    let measured: number | undefined;
    const learn: Learner = async (own, { terms = [], ...lesson }) => {
      const losses = [{ loss: crossEntropy() }, ...terms];
      const validation = { dataset: held };
      const result = await train(own, data, { ...base, epochs: 4, validation, losses, ...lesson });
      measured = result.history.at(-1)!.validation;
      return result;
    };
    const result = await learnGates(model, { strength, open: 0.7, gateRate: 60, learn });
    expect(serializeModel(model)).toEqual(before);
    const closed = groupsOf(model).groups.map(
      ({ id }) => openGates(result.logAlpha.get(id)!).filter((gate) => gate === 0).length,
    );
    expect(closed.reduce((a, b) => a + b, 0)).toBe(result.removed.length + result.kept.length);
    expect(result.removed.length).toBeGreaterThan(least);
    // The trainer measured the gated form; this is the smaller file, in ONNX Runtime.
    expect(await accuracy(result.model, held)).toBe(measured);
    const [size, smaller] = [before, serializeModel(result.model)].map(({ byteLength }) => byteLength);
    expect(smaller).toBeLessThan(size!);
    const [gated, tuned] = [measured!, await recover(result.model, learn)];
    expect(await accuracy(tuned.model, held)).toBeGreaterThan(gated);
  },
);

test('where all gates close one unit stays, as 0', async () => {
  const { data } = dataOf([784]);
  const learn: Learner = (own, { terms = [], ...lesson }) =>
    train(own, data, { ...base, epochs: 1, losses: [{ loss: crossEntropy() }, ...terms], ...lesson });
  const options = { strength: 10, open: 0.3, gateRate: 500, learn };
  const { model, removed, warnings } = await learnGates(buildArchitecture('mlp-784-6-10', 3), options);
  expect(removed).toHaveLength(5);
  expect(warnings).toEqual([expect.stringContaining('all of its 6 gates closed') as string]);
  const weight = model.graph.value('fc1.weight')!.constant!;
  expect(weight.dims).toEqual([1, 784]);
  expect(weight.toFloat32()).toEqual(new Float32Array(784));
});

test('a learner that leaves the penalty out, and options out of range, are refused', async () => {
  const silent: Learner = (model, { terms: _, ...lesson }) =>
    train(model, dataOf([784]).data, { ...base, steps: 1, losses: [{ loss: crossEntropy() }], ...lesson });
  for (const wrong of [{}, { strength: 0 }, { open: 1 }, { groups: [] }])
    await expect(learnGates(dense(), { strength: 1, learn: silent, ...wrong })).rejects.toThrow(refused);
});
