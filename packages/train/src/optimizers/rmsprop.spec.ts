import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { rmsprop } from './rmsprop.js';

describe('rmsprop', () => {
  const options = { weightDecay: 0.1 };
  const published: PublishedRule = ({ w, slots }, g) => {
    const decayed = g + 0.1 * w;
    const meanSquare = 0.99 * slots['meanSquare']! + 0.01 * decayed ** 2;
    return { w: w - (0.01 * decayed) / (Math.sqrt(meanSquare) + 1e-8), slots: { meanSquare } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(rmsprop, options);
    const [expectedX, expectedY] = publishedPath(published, rmsprop.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.RMSprop(weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(rmsprop, options);
    expect(Math.abs(x! - -0.699839843425573)).toBeLessThan(1e-12);
    expect(Math.abs(y! - 0.5438554070637902)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(rmsprop, options, published)).toBeLessThan(1);
  });
});
