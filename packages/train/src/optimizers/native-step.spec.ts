import { optimizerSlots, optimizerStep } from '@gossamer/kernels';
import { OPTIMIZERS, type OptimizerName } from './registry.js';

const COUNT = 1000;

/** Numbers of both signs over 30 powers of two, and 0. */
const scattered = (salt: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return i % 97 === 0 ? 0 : (2 * (x - Math.floor(x)) - 1) * 2 ** ((i % 31) - 20);
  });

describe.each(Object.keys(OPTIMIZERS) as OptimizerName[])('the native step of %s', (name) => {
  const optimizer = OPTIMIZERS[name];

  it('has the slots in the same order', () => {
    expect(optimizerSlots(name)).toEqual(optimizer.slots);
  });

  it('gives the same bits over 20 steps, with decay, l1, a mask and a gradient factor', () => {
    const options = { learningRate: 0.01, weightDecay: 0.05, l1: 0.001 };
    const resolved = optimizer.resolve(options);
    const mask = Uint8Array.from({ length: COUNT }, (_, i) => (i % 5 === 0 ? 0 : 1));
    const weight = scattered(1);
    const nativeWeight = scattered(1);
    const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, new Float32Array(COUNT)]));
    const nativeSlots = optimizer.slots.map(() => new Float32Array(COUNT));
    for (let t = 1; t <= 20; t++) {
      const gradient = scattered(t + 1);
      // The slots are those of this optimiser: the test above says so.
      const parameter = { weight, gradient, slots: slots as never, mask };
      optimizer.step(parameter, { ...optimizer.hyper(t, resolved as never), gradientFactor: 0.3 });
      const { l1, ...hyper } = resolved;
      optimizerStep(
        name,
        [{ weight: nativeWeight, gradient, slots: nativeSlots, mask }],
        { ...hyper, step: t },
        { l1, gradientFactor: 0.3 },
      );
    }
    expect(new Uint32Array(weight.buffer)).toEqual(new Uint32Array(nativeWeight.buffer));
    optimizer.slots.forEach((slot, i) => {
      expect(new Uint32Array(slots[slot]!.buffer)).toEqual(new Uint32Array(nativeSlots[i]!.buffer));
    });
  });
});
