import { chooseStep, portableStep } from './choose-step.js';
import { adam } from './adam.js';

/** A file of its own: the addon is looked for once in each. */
describe('chooseStep without the addon', () => {
  const { GOSSAMER_NATIVE_PATH } = process.env;
  beforeAll(() => {
    process.env['GOSSAMER_NATIVE_PATH'] = '/nowhere/gossamer_native.node';
  });
  afterAll(() => {
    if (GOSSAMER_NATIVE_PATH === undefined) delete process.env['GOSSAMER_NATIVE_PATH'];
    else process.env['GOSSAMER_NATIVE_PATH'] = GOSSAMER_NATIVE_PATH;
  });

  it('takes the portable step', () => {
    const step = chooseStep();
    expect(step).toBe(portableStep);
    const weight = Float32Array.of(1, -1);
    const tensor = { weight, gradient: Float32Array.of(2, -0.5), slots: [new Float32Array(2), new Float32Array(2)] };
    step(adam, [tensor], { options: adam.defaults, step: 1, gradientFactor: 1 });
    // The first step of Adam is the learning rate, against the sign of the gradient.
    expect(weight[0]).toBeCloseTo(0.999, 6);
    expect(weight[1]).toBeCloseTo(-0.999, 6);
  });
});
