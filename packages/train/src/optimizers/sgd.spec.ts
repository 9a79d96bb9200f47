import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { sgd } from './sgd.js';

describe('sgd', () => {
  const options = { learningRate: 1e-3, weightDecay: 0.1 };
  const published: PublishedRule = ({ w, slots }, g) => ({ w: w - 1e-3 * (g + 0.1 * w), slots });

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(sgd, options);
    const [expectedX, expectedY] = publishedPath(published, sgd.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.SGD(lr=1e-3, weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(sgd, options);
    expect(Math.abs(x! - -0.9615054488290878)).toBeLessThan(1e-12);
    expect(Math.abs(y! - 1.0033135031885991)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(sgd, options, published)).toBeLessThan(1);
  });
});
