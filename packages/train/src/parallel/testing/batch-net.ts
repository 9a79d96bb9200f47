import { GraphBuilder, type Model } from '@gossamer/graph';
import { sampleNumbers } from '../../testing/check-gradient.js';

/** Two layers of convolution and BatchNormalization, a classifier of 3; the batch is open. Running statistics: `mean`, `variance`, `mean2`, `variance2`. */
export function batchNet(): Model {
  const g = new GraphBuilder('net', { opset: 21 });
  const weight = (name: string, ...dims: number[]) =>
    g.weight(
      name,
      dims,
      Float32Array.from(
        sampleNumbers(
          dims.reduce((a, b) => a * b, 1),
          name.length + dims.length,
        ),
      ),
    );
  const filled = (name: string, count: number, value: number) =>
    g.weight(name, [count], new Float32Array(count).fill(value));
  const norm = (x: ReturnType<typeof weight>, channels: number, suffix: string) =>
    g.op('BatchNormalization', [
      x,
      filled(`scale${suffix}`, channels, 1),
      filled(`shift${suffix}`, channels, 0.1),
      filled(`mean${suffix}`, channels, 0),
      filled(`variance${suffix}`, channels, 1),
    ]);
  const x = g.input('x', 'float32', ['n', 2, 8, 8]);
  const first = g.op('Relu', [norm(g.op('Conv', [x, weight('w1', 4, 2, 3, 3)], { pads: [1, 1, 1, 1] }), 4, '')]);
  const pooled = g.op('MaxPool', [first], { kernel_shape: [2, 2], strides: [2, 2] });
  const second = g.op('Relu', [norm(g.op('Conv', [pooled, weight('w2b', 6, 4, 3, 3)]), 6, '2')]);
  const flat = g.op('Flatten', [second]);
  return g.output(g.op('Gemm', [flat, weight('head', 24, 3), weight('bias', 3)]), 'logits').model();
}
