import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { pruneWeights } from '../prune-weights.js';
import { runOrt } from '../testing/ort.js';

const wave = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i * (1 + (i % 7)) + phase) / (1 + (i % 5)));
const x = Tensor.of('float32', [8, 16, 6, 6], wave(8 * 16 * 36, 3));

function net(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const y = g.op('Conv', [g.input('x', 'float32', ['n', 16, 6, 6]), g.weight('w', [12, 16, 3, 3], wave(1728, 1))]);
  return g.output(y, 'y', 'float32', ['n', 12, 4, 4]).model();
}

async function squaredError(model: Model): Promise<number> {
  const [before, after] = [await runOrt(net(), { x }), await runOrt(model, { x })].map(({ y }) => y!.toFloat64());
  return before!.reduce((sum, value, i) => sum + (value - after![i]!) ** 2, 0);
}

test.each(['obs', 'sparsegpt'] as const)(
  '%s: 2:4 of a convolution lies within a kernel position, and loses less than by magnitude',
  async (update) => {
    const { model } = await pruneWeights(net(), { pattern: '2:4', update, data: dataFromArrays({ x }) });
    const w = model.graph.value('w')!.initializer!.toFloat32();
    const zeros = (row: number, tap: number, first: number) =>
      [0, 1, 2, 3].filter((i) => w[(row * 16 + first + i) * 9 + tap] === 0).length;
    for (let row = 0; row < 12; row++)
      for (let tap = 0; tap < 9; tap++)
        expect([0, 4, 8, 12].map((first) => zeros(row, tap, first))).toEqual([2, 2, 2, 2]);
    const plain = await pruneWeights(net(), { pattern: '2:4' });
    expect(await squaredError(model)).toBeLessThan(await squaredError(plain.model));
  },
);
