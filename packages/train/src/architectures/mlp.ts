import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { fillUniform, streamOf } from '../data/counter-random.js';

/**
 * A multilayer perceptron of `widths` units (inputs first, outputs last) with ReLU between: input [n, widths[0]] -> logits [n, outputs]. Weights are
 * uniform in +-sqrt(6 / fan-in), biases 0.
 *
 * Source of the range: He et al., "Delving Deep into Rectifiers", ICCV 2015 (arXiv:1502.01852), section 2.2.
 */
export function mlp(widths: readonly number[], seed = 0): Model {
  const g = new GraphBuilder('mlp');
  let x: Value = g.input('input', 'float32', ['n', widths[0]!]);
  const last = widths.length - 2;
  for (let i = 0; i <= last; i++) {
    const [from, to] = [widths[i]!, widths[i + 1]!];
    const name = `fc${i + 1}`;
    const weights = new Float32Array(from * to);
    fillUniform(weights, seed, streamOf(name), 0);
    const range = Math.sqrt(6 / from);
    const weight = g.weight(
      `${name}.weight`,
      [to, from],
      weights.map((u) => (2 * u - 1) * range),
    );
    x = g.op('Gemm', [x, weight, g.weight(`${name}.bias`, [to], new Float32Array(to))], { transB: 1 }, { name });
    if (i < last) x = g.op('Relu', [x]);
  }
  return g.output(x, 'logits', 'float32', ['n', widths.at(-1)!]).model();
}
