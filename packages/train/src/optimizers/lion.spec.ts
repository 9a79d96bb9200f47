import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { lion } from './lion.js';

describe('lion', () => {
  const options = { learningRate: 0.01, weightDecay: 0.1 };
  const published: PublishedRule = ({ w, slots }, g) => {
    const c = 0.9 * slots['momentum']! + (1 - 0.9) * g;
    return { w: w - 0.01 * (Math.sign(c) + 0.1 * w), slots: { momentum: 0.99 * slots['momentum']! + (1 - 0.99) * g } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(lion, options);
    const [expectedX, expectedY] = publishedPath(published, lion.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // By hand, from m = 0.5, g = -4, w = 2: c = 0.45 - 0.4 > 0, so w falls by 0.01 (1 + 0.2); m becomes 0.495 - 0.04.
  it('takes the direction before it updates the momentum', () => {
    const parameter = {
      weight: Float32Array.of(2, 0.5),
      gradient: Float32Array.of(-4, 0),
      slots: { momentum: Float32Array.of(0.5, 0) },
    };
    lion.step(parameter, lion.hyper(1, lion.resolve(options)));
    expect(parameter.weight[0]).toBeCloseTo(1.988, 6);
    expect(parameter.slots.momentum[0]).toBeCloseTo(0.455, 6);
    // The sign of 0 is 0: only decay moves the second weight.
    expect(parameter.weight[1]).toBeCloseTo(0.4995, 6);
    expect(parameter.slots.momentum[1]).toBe(0);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(lion, options, published)).toBeLessThan(1);
  });
});
