import { GraphBuilder, type Model } from '@gossamer/graph';
import { seededRandom } from '../seeded-random.js';

/** Pixels of its image, down and across. */
export const STACK_SIDE = 28;

export const numbers = (length: number, seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random.between(-0.5, 0.5));
};

/** A first convolution from one channel, then one more for each further width, 3 x 3, each with a Relu. */
export function stack(widths: readonly number[]): Model {
  const g = new GraphBuilder('stack', { opset: 17 });
  let x = g.input('input', 'float32', [1, 1, STACK_SIDE, STACK_SIDE]);
  [1, ...widths].slice(0, -1).forEach((from, i) => {
    const to = widths[i]!;
    const weight = g.weight(`w${i}`, [to, from, 3, 3], numbers(to * from * 9, i + 2));
    const bias = g.weight(`b${i}`, [to], numbers(to, i + 100));
    x = g.op('Relu', [g.op('Conv', [x, weight, bias], { pads: [1, 1, 1, 1] }, { name: `conv${i}` })]);
  });
  const last = widths.at(-1)!;
  return g.output(g.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }), 'output', 'float32', [1, last]).model();
}
