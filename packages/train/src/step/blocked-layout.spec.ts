import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { toTrainingForm } from '../form/to-training-form.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { sampleNumbers } from '../testing/check-gradient.js';
import { buildTrainingGraph } from './build-training-graph.js';
import { probeBlockedLayout } from './probe-blocked-layout.js';
import { openTrainingSession } from './training-session.js';

/** Two convolutions of whole blocks and one that is not, to five classes. */
function net(): Model {
  const g = new GraphBuilder('net', { opset: 21 });
  const weight = (name: string, dims: readonly number[], seed: number) => {
    const numbers = sampleNumbers(
      dims.reduce((a, b) => a * b, 1),
      seed,
    );
    return g.weight(
      name,
      dims,
      Float32Array.from(numbers, (v) => v / 4),
    );
  };
  let x = g.input('input', 'float32', ['n', 3, 9, 8]);
  x = g.op('Relu', [g.op('Conv', [x, weight('a', [16, 3, 3, 3], 1)], { pads: [1, 1, 1, 1] })]);
  x = g.op('Relu', [g.op('Conv', [x, weight('b', [32, 16, 3, 3], 2), weight('bias', [32], 3)], { strides: [2, 2] })]);
  x = g.op('Conv', [x, weight('c', [16, 32, 1, 1], 4)]);
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [x])]);
  return g.output(g.op('Gemm', [pooled, weight('d', [5, 16], 5)], { transB: 1 }), 'logits').model();
}

test('gradients in the blocked layout are those of Conv, where ONNX Runtime has it; else a warning says so', async () => {
  const form = toTrainingForm(net(), { batch: 2 });
  const graph = buildTrainingGraph(form, [{ loss: crossEntropy() }]);
  const feeds = {
    ...Object.fromEntries([...form.parameters, ...form.running].map(({ name, initial }) => [name, initial])),
    input: Tensor.of('float32', [2, 3, 9, 8], Float32Array.from(sampleNumbers(2 * 3 * 72, 6))),
    labels: Tensor.fromNumbers('int64', [2], [3, 1]),
    sample_weights: Tensor.fromNumbers('float32', [2], [1, 1]),
  };
  const run = async (blockedLayout: boolean) => {
    const session = await openTrainingSession(graph.model, { engine: 'ort', threads: 1, blockedLayout });
    const outputs = await session.run(feeds);
    await session.dispose();
    return { outputs, warnings: session.warnings };
  };
  const [plain, blocked] = [await run(false), await run(true)];
  // ONNX Runtime has it on x64, in blocks of 8 or, with AVX-512, of 16.
  const block = await probeBlockedLayout();
  expect(block !== undefined).toBe(process.arch === 'x64');
  expect(blocked.warnings).toHaveLength(block === undefined ? 1 : 0);
  for (const name of graph.gradients.values()) {
    const [a, b] = [plain.outputs[name]!.toFloat32(), blocked.outputs[name]!.toFloat32()];
    const largest = a.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    // Sums of at most 288 products in another order, through three layers forth and back: 2^-24 * 288 * 6.
    a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThanOrEqual(1e-4 * largest + 1e-7));
  }
});
