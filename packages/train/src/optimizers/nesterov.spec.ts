import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { nesterov } from './nesterov.js';

describe('nesterov', () => {
  const options = { learningRate: 1e-3, momentum: 0.9, weightDecay: 0.1 };
  // Bengio et al.: the step is that of the velocity after the next decay, plus the gradient's own.
  const published: PublishedRule = ({ w, slots }, g) => {
    const v = 0.9 * (-1e-3 * slots['velocity']!) - 1e-3 * (g + 0.1 * w);
    return { w: w + 0.9 * v - 1e-3 * (g + 0.1 * w), slots: { velocity: v / -1e-3 } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(nesterov, options);
    const [expectedX, expectedY] = publishedPath(published, nesterov.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.SGD(lr=1e-3, momentum=0.9, nesterov=True, weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(nesterov, options);
    expect(Math.abs(x! - -0.526727479908458)).toBeLessThan(1e-12);
    expect(Math.abs(y! - 0.3465187095114773)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(nesterov, options, published)).toBeLessThan(1);
  });
});
