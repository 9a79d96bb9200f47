import { Tensor } from '@gossamer/graph';
import { smoothingAttribute } from '../functions/softmax-cross-entropy.js';
import { checkGradient } from '../testing/check-gradient.js';

test.each([
  [[4, 3], 0],
  [[4, 3], 0.1],
  [[2, 3, 2], 0.25],
])('SoftmaxCrossEntropy of %j with smoothing %d', (shape, smoothing) => {
  const positions = shape.filter((_, axis) => axis !== 1);
  const count = positions.reduce((a, b) => a * b, 1);
  checkGradient({ logits: { shape } }, (g, { logits }) => {
    const labels = g.tensor(
      Tensor.fromNumbers(
        'int64',
        positions,
        Array.from({ length: count }, (_, i) => (i * 2) % 3),
      ),
    );
    const weights = g.tensor(
      Tensor.fromNumbers(
        'float32',
        positions,
        Array.from({ length: count }, (_, i) => (i % 4) / 2),
      ),
    );
    return g.call('SoftmaxCrossEntropy', [logits, labels, weights], smoothingAttribute(smoothing), 2)[0]!;
  });
});
