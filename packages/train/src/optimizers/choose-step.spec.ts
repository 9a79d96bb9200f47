import { chooseStep, nativeStep, portableStep } from './choose-step.js';
import type { Optimizer } from './optimizer.js';
import { OPTIMIZERS, type OptimizerName } from './registry.js';

const COUNT = 1000;

/** Numbers of both signs over 30 powers of two, and 0. */
const scattered = (salt: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return i % 97 === 0 ? 0 : (2 * (x - Math.floor(x)) - 1) * 2 ** ((i % 31) - 20);
  });

const bitsOf = (array: Float32Array): Uint32Array => new Uint32Array(array.buffer);

describe('chooseStep', () => {
  it('takes the kernel where the addon is there', () => {
    expect(chooseStep()).toBe(nativeStep);
  });

  it.each(Object.keys(OPTIMIZERS) as OptimizerName[])(
    '%s: kernel and portable step give the same bits over 20 steps, with decay, l1, a mask and a gradient factor',
    (name) => {
      const optimizer: Optimizer = OPTIMIZERS[name];
      const options = optimizer.resolve({ learningRate: 0.01, weightDecay: 0.05, l1: 0.001 });
      const mask = Uint8Array.from({ length: COUNT }, (_, i) => (i % 5 === 0 ? 0 : 1));
      const make = () => ({
        weight: scattered(1),
        slots: optimizer.slots.map(() => new Float32Array(COUNT)),
        mask,
      });
      const [portable, native] = [make(), make()];
      for (let step = 1; step <= 20; step++) {
        const gradient = scattered(step + 1);
        const coefficients = { ...optimizer.hyper(step, options), gradientFactor: 0.3 };
        portableStep(optimizer, [{ ...portable, gradient }], coefficients);
        nativeStep(optimizer, [{ ...native, gradient }], coefficients);
      }
      expect(bitsOf(portable.weight)).toEqual(bitsOf(native.weight));
      portable.slots.forEach((slot, i) => expect(bitsOf(slot)).toEqual(bitsOf(native.slots[i]!)));
      expect(portable.weight[1]).not.toBe(scattered(1)[1]);
    },
  );
});
