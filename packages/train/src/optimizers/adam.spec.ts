import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { adam } from './adam.js';

describe('adam', () => {
  const options = { learningRate: 0.05, beta2: 0.9, weightDecay: 0.1 };
  const published: PublishedRule = ({ w, slots }, g, t) => {
    const decayed = g + 0.1 * w;
    const m = 0.9 * slots['firstMoment']! + (1 - 0.9) * decayed;
    const v = 0.9 * slots['secondMoment']! + (1 - 0.9) * decayed ** 2;
    const mHat = m / (1 - 0.9 ** t);
    const vHat = v / (1 - 0.9 ** t);
    return { w: w - (0.05 * mHat) / (Math.sqrt(vHat) + 1e-8), slots: { firstMoment: m, secondMoment: v } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(adam, options);
    const [expectedX, expectedY] = publishedPath(published, adam.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.Adam(lr=0.05, betas=(0.9, 0.9), weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(adam, options);
    expect(Math.abs(x! - -0.17812877148751338)).toBeLessThan(1e-12);
    expect(Math.abs(y! - 0.01938440305856153)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(adam, options, published)).toBeLessThan(1);
  });
});
