import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Optimizer } from './optimizer.js';
import { OPTIMIZERS } from './registry.js';
import { updateModel } from './update-model.js';

const all: readonly Optimizer[] = Object.values(OPTIMIZERS);

/** A parameter of 4 weights with every slot in use, the last two masked. */
function masked(optimizer: Optimizer) {
  const slots = Object.fromEntries(optimizer.slots.map((name) => [name, Float32Array.of(0.5, 0.25, 0.5, 0.25)]));
  return {
    weight: Float32Array.of(1, -2, 3, -4),
    gradient: Float32Array.of(0.5, 0.5, -0.5, NaN),
    slots,
    mask: Uint8Array.of(1, 1, 0, 0),
  };
}

describe('defineOptimizer', () => {
  it.each(all)(
    '$name: masked weights and slots are exactly 0, also for NaN; the others step as without a mask',
    (optimizer) => {
      const hyper = optimizer.hyper(3, optimizer.resolve({ weightDecay: 0.1 }));
      for (const mask of [Uint8Array.of(1, 1, 0, 0), Float32Array.of(1, 1, 0, 0)]) {
        const parameter = { ...masked(optimizer), mask };
        const free = { ...masked(optimizer), mask: undefined };
        optimizer.step(parameter, hyper);
        optimizer.step(free, hyper);
        for (const [array, other] of [
          [parameter.weight, free.weight],
          ...optimizer.slots.map((name) => [parameter.slots[name]!, free.slots[name]!]),
        ] as const) {
          expect([...array.subarray(2)]).toEqual([0, 0]);
          expect([...array.subarray(0, 2)]).toEqual([...other.subarray(0, 2)]);
        }
      }
    },
  );

  it.each(all)('$name: the graph masks alike', (optimizer) => {
    const { weight, gradient, slots } = masked(optimizer);
    const hyper = optimizer.hyper(3, optimizer.defaults);
    const floats = { weight, gradient, ...slots };
    const feeds = {
      ...Object.fromEntries(Object.entries(floats).map(([name, data]) => [name, Tensor.of('float32', [4], data)])),
      ...Object.fromEntries(optimizer.scalars.map((name) => [name, Tensor.scalar('float32', hyper[name])])),
      mask: Tensor.fromNumbers('bool', [4], [1, 1, 0, 0]),
    };
    const results = evaluate(updateModel(optimizer, { shape: [4], mask: true }), feeds);
    expect(Object.keys(results)).toEqual(['new_weight', ...optimizer.slots.map((name) => `new_${name}`)]);
    for (const tensor of Object.values(results)) expect([...tensor.toFloat32().subarray(2)]).toEqual([0, 0]);
    expect(results['new_weight']!.toFloat32()[0]).not.toBe(1);
  });

  it.each(all)('$name: l1 moves weights towards 0 after the step and stops there', (optimizer) => {
    const options = optimizer.resolve({ learningRate: 0.5, weightDecay: 0, l1: 0.5 });
    const zeros = (): Readonly<Record<string, Float32Array>> =>
      Object.fromEntries(optimizer.slots.map((name) => [name, new Float32Array(3)]));
    const parameter = { weight: Float32Array.of(2, -2, 0.25), gradient: new Float32Array(3), slots: zeros() };
    optimizer.step(parameter, optimizer.hyper(1, options));
    expect([...parameter.weight]).toEqual([1.75, -1.75, 0]);
  });

  it('scales the gradient by gradientFactor', () => {
    const { sgd } = OPTIMIZERS;
    const parameter = { weight: Float32Array.of(1), gradient: Float32Array.of(2), slots: {} };
    sgd.step(parameter, { ...sgd.hyper(1, sgd.resolve({ learningRate: 0.5 })), gradientFactor: 0.25 });
    expect(parameter.weight[0]).toBe(0.75);
  });

  it('refuses arrays of different lengths', () => {
    const { adam } = OPTIMIZERS;
    const [weight, gradient, m] = [new Float32Array(2), new Float32Array(2), new Float32Array(2)];
    const hyper = adam.hyper(1, adam.defaults);
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() =>
      adam.step({ weight, gradient: new Float32Array(1), slots: { firstMoment: m, secondMoment: m } }, hyper),
    ).toThrow(code);
    expect(() =>
      adam.step({ weight, gradient, slots: { firstMoment: m, secondMoment: new Float32Array(3) } }, hyper),
    ).toThrow(code);
    expect(() =>
      adam.step({ weight, gradient, slots: { firstMoment: m, secondMoment: m }, mask: new Uint8Array(1) }, hyper),
    ).toThrow(code);
  });

  it('refuses options that it has not or that are out of range', () => {
    const { adam, sgd } = OPTIMIZERS;
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => adam.resolve({ beta1: 1 })).toThrow(code);
    expect(() => adam.resolve({ epsilon: 0 })).toThrow(code);
    expect(() => sgd.resolve({ learningRate: NaN })).toThrow(code);
    expect(() => sgd.resolve({ learningRate: -1 })).toThrow(code);
    expect(() => sgd.resolve({ weightDecay: Infinity })).toThrow(code);
    expect(() => sgd.resolve({ l1: -1 })).toThrow(code);
    expect(() => OPTIMIZERS.momentum.resolve({ momentum: 1 })).toThrow(code);
    expect(() => OPTIMIZERS.rmsprop.resolve({ beta1: 0.9 } as never)).toThrow(code);
    expect(() => sgd.resolve({ momentum: 0.9 } as never)).toThrow(code);
    expect(adam.resolve({ beta1: 0.5 })).toEqual({ ...adam.defaults, beta1: 0.5 });
  });
});
