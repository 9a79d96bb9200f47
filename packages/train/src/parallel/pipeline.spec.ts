import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { Session } from '@gossamer/runtime';
import { sampleNumbers } from '../testing/check-gradient.js';
import { cutModel } from './cut-model.js';
import { Pipeline } from './pipeline.js';
import { batchNet } from './testing/batch-net.js';

const batches = Array.from({ length: 7 }, (_, i) => ({
  x: Tensor.of('float32', [3, 2, 8, 8], Float32Array.from(sampleNumbers(3 * 128, i + 1))),
}));

describe('cutting a model', () => {
  test.each([1, 2, 3])('%d parts, one behind the other, compute what the model does', (stages) => {
    const parts = cutModel(batchNet(), stages);
    expect(parts).toHaveLength(stages);
    let known: Record<string, Tensor> = { ...batches[0]! };
    for (const { model } of parts) {
      const feeds = Object.fromEntries(model.graph.inputs.map(({ name }) => [name, known[name]!]));
      known = { ...known, ...evaluate(model, feeds) };
    }
    expect(known['logits']!.bytes()).toEqual(evaluate(batchNet(), batches[0]!)['logits']!.bytes());
  });

  test('lies behind a pooling, not before it, and balances the work', () => {
    const [first, second] = cutModel(batchNet(), 2);
    expect([...first!.model.graph.nodes()].map(({ op }) => op)).toEqual([
      'Conv',
      'BatchNormalization',
      'Relu',
      'MaxPool',
    ]);
    expect(second!.edges).toHaveLength(1);
    // 4 x 2 x 9 at 64 places; 6 x 4 x 9 at 4 places and 24 x 3.
    expect([first!.macs, second!.macs]).toEqual([4608, 936]);
  });

  test('refuses more parts than layers', () => {
    expect(() => cutModel(batchNet(), 4)).toThrow(expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error);
  });
});

test.each(['native', 'ort'] as const)(
  'a pipeline on %s gives the bits of the whole model, in order',
  async (engine) => {
    const whole = await Session.open(batchNet(), { engine, threads: 1 });
    const pipeline = await Pipeline.open(batchNet(), { stages: 2, engine });
    let seen = 0;
    for await (const outputs of pipeline.run(batches)) {
      const want = await whole.run(batches[seen++]!);
      expect(outputs['logits']!.bytes()).toEqual(want['logits']!.bytes());
    }
    expect(seen).toBe(batches.length);
    await pipeline.dispose();
    await whole.dispose();
  },
);

test('a batch that lacks an input is refused, and not run on that of the batch before', async () => {
  const pipeline = await Pipeline.open(batchNet(), { stages: 2, engine: 'native' });
  try {
    const all = async () => {
      for await (const outputs of pipeline.run([batches[0]!, {}])) expect(outputs['logits']).toBeDefined();
    };
    await expect(all()).rejects.toThrow(expect.objectContaining({ code: 'ERR_TRAIN_DATA' }) as Error);
  } finally {
    await pipeline.dispose();
  }
});
