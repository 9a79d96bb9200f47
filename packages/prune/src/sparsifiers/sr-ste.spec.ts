import { GraphBuilder, Tensor, toWeightMatrix, weightsOf } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { arrayDataset, meanSquaredError, type SparsifyContext, train, type TrainOptions } from '@gossamer/train';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { srSte } from './sr-ste.js';

const wave = (length: number, step: number) => Float32Array.from({ length }, (_, i) => Math.sin(1 + i * step));
const [SIDE, IN, OUT] = [4, 3, 5];

/** A grouped convolution, a product with transposed weights and one without: three orientations of rows and columns. */
function net() {
  const g = new GraphBuilder('net');
  const x = g.input('input', 'float32', ['n', 2, SIDE, SIDE]);
  const conv = g.op('Conv', [x, g.weight('conv', [4, 1, 3, 3], wave(36, 1.7))], { group: 2 });
  const flat = g.op('Flatten', [g.op('Relu', [conv])]);
  const a = g.op('Gemm', [flat, g.weight('gemm', [IN, 16], wave(IN * 16, 2.3))], { transB: 1 });
  return g.output(g.op('MatMul', [a, g.weight('product', [IN, OUT], wave(IN * OUT, 0.9))]), 'y').model();
}

const data = arrayDataset({
  input: Tensor.of('float32', [40, 2, SIDE, SIDE], wave(40 * 2 * SIDE * SIDE, 0.37)),
  targets: Tensor.of('float32', [40, OUT], wave(40 * OUT, 0.11)),
});
const parameters = ['conv', 'gemm', 'product'];
const base: TrainOptions = {
  ...{ losses: [{ loss: meanSquaredError() }], batch: 8, epochs: 4, optimizer: 'sgd', learningRate: 0.05 },
  ...{ seed: 2, threads: 1 },
};

test('of every four weights along a row two stay, the largest of what lies under the mask', async () => {
  const { model, masks } = await train(net(), data, { ...base, sparsifier: srSte(net(), { parameters }) });
  for (const node of model.graph.nodes()) {
    for (const view of weightsOf(node)) {
      const { rows, columns, groups, data: values } = toWeightMatrix(view);
      for (let row = 0; row < rows * groups; row++) {
        for (let first = 0; first < columns; first += 4) {
          const own = [...values.subarray(row * columns + first, row * columns + Math.min(columns, first + 4))];
          expect(own.filter((value) => value !== 0)).toHaveLength(Math.ceil(own.length / 2));
        }
      }
      const stored = view.stored.toFloat32();
      masks.get(view.source.name)!.forEach((keep, i) => expect(stored[i] === 0).toBe(keep === 0));
    }
  }
});

test('gradients go through the mask, with a pull to 0 of what is out', async () => {
  const decay = 0.03;
  const inner = srSte(net(), { parameters, decay });
  const seen: { weight: Float32Array; gradient: Float32Array; mask: Uint8Array; given: Float32Array }[] = [];
  const sparsifier = {
    ...inner,
    beforeStep(context: SparsifyContext) {
      const { weight, gradient, mask } = context.parameters.get('gemm')!;
      const given = gradient.slice();
      inner.beforeStep!(context);
      seen.push({ weight: weight.slice(), gradient: gradient.slice(), mask: mask.slice(), given });
    },
  };
  await train(net(), data, { ...base, sparsifier });
  let returned = 0;
  seen.forEach(({ weight, gradient, mask, given }, step) => {
    gradient.forEach((value, i) =>
      expect(value).toBe(mask[i] === 1 ? given[i] : Math.fround(given[i]! + decay * weight[i]!)),
    );
    const next = seen[step + 1];
    if (!next) return;
    next.weight.forEach((value, i) => expect(value).toBeCloseTo(weight[i]! - 0.05 * gradient[i]!, 6));
    returned += next.mask.filter((keep, i) => keep === 1 && mask[i] === 0).length;
  });
  expect(seen).toHaveLength(20);
  expect(returned).toBeGreaterThan(0);
});

test('goes on after an interruption, to the same bytes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-sr-ste-'));
  try {
    const checkpoint = { path: join(folder, 'a.safetensors') };
    const make = () => srSte(net(), { parameters, pattern: '1:4' });
    const whole = await train(net(), data, { ...base, sparsifier: make() });
    const stop = new AbortController();
    const onStep: TrainOptions['onStep'] = ({ step }) => step === 11 && stop.abort(new Error('stopped'));
    const ended = train(net(), data, { ...base, sparsifier: make(), checkpoint, signal: stop.signal, onStep });
    await expect(ended).rejects.toThrow('stopped');
    const { model } = await train(net(), data, { ...base, sparsifier: make(), checkpoint });
    expect(serializeModel(model)).toEqual(serializeModel(whole.model));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  [{ parameters, pattern: 'unstructured' }, 'pattern: '],
  [{ parameters, decay: -1 }, 'decay: '],
  [{ parameters: ['bias'] }, 'parameters: '],
])('%j is refused', (options, text) => {
  expect(() => srSte(net(), options)).toThrow(
    expect.objectContaining({ code: 'ERR_PRUNE_OPTION', message: expect.stringContaining(text) }) as Error,
  );
});
