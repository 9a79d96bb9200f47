import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { adamw } from './adamw.js';

describe('adamw', () => {
  const options = { learningRate: 0.05, beta2: 0.9, weightDecay: 0.1 };
  const published: PublishedRule = ({ w, slots }, g, t) => {
    const m = 0.9 * slots['firstMoment']! + (1 - 0.9) * g;
    const v = 0.9 * slots['secondMoment']! + (1 - 0.9) * g ** 2;
    const mHat = m / (1 - 0.9 ** t);
    const vHat = v / (1 - 0.9 ** t);
    return { w: w - 0.05 * (mHat / (Math.sqrt(vHat) + 1e-8) + 0.1 * w), slots: { firstMoment: m, secondMoment: v } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(adamw, options);
    const [expectedX, expectedY] = publishedPath(published, adamw.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.AdamW(lr=0.05, betas=(0.9, 0.9), weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(adamw, options);
    expect(Math.abs(x! - -0.005509525099664202)).toBeLessThan(1e-12);
    expect(Math.abs(y! - -0.03963135991678255)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(adamw, options, published)).toBeLessThan(1);
  });
});
