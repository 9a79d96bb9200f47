import { float32Deviation, graphPath, publishedPath, type PublishedRule } from './testing/two-variables.js';
import { momentum } from './momentum.js';

describe('momentum', () => {
  const options = { learningRate: 1e-3, momentum: 0.9, weightDecay: 0.1 };
  // Sutskever's form, v := mu v - eta g; w := w + v: the same at a constant learning rate.
  const published: PublishedRule = ({ w, slots }, g) => {
    const v = 0.9 * (-1e-3 * slots['velocity']!) - 1e-3 * (g + 0.1 * w);
    return { w: w + v, slots: { velocity: v / -1e-3 } };
  };

  it('is the published update, in double to 1e-12', () => {
    const [x, y] = graphPath(momentum, options);
    const [expectedX, expectedY] = publishedPath(published, momentum.slots);
    expect(Math.abs(x! - expectedX!)).toBeLessThan(1e-12);
    expect(Math.abs(y! - expectedY!)).toBeLessThan(1e-12);
  });

  // torch 2.13 in float64: torch.optim.SGD(lr=1e-3, momentum=0.9, weight_decay=0.1), 50 steps of the same function from the same point.
  it('gives the values of PyTorch', () => {
    const [x, y] = graphPath(momentum, options);
    expect(Math.abs(x! - -0.515284325591322)).toBeLessThan(1e-12);
    expect(Math.abs(y! - 0.31654902632420145)).toBeLessThan(1e-12);
  });

  it('steps in float32 within the bound of its roundings', () => {
    expect(float32Deviation(momentum, options, published)).toBeLessThan(1);
  });
});
