import { Tensor, weightViews } from '@gossamer/graph';
import {
  arrayDataset,
  buildArchitecture,
  meanSquaredError,
  scaleName,
  type SparseParameter,
  type Sparsifier,
} from '@gossamer/train';
import { keepInRange } from './keep-in-range.js';
import { trainOnGrids } from './train-on-grids.js';

const parameter = (...weight: number[]): SparseParameter => ({
  shape: [weight.length],
  weight: Float32Array.from(weight),
  gradient: new Float32Array(weight.length),
  mask: new Uint8Array(weight.length).fill(1),
});
const update = { step: 0, steps: 10, learningRate: 0.1, seed: 0 };

test('weights beyond the largest code come back to it, and the sparsifier inside sees its own parameters alone', () => {
  const seen: string[][] = [];
  const inner: Sparsifier = {
    ...{ parameters: ['b'], digest: 'inner', freezes: false },
    state: (all) => new Map([['kept', Float32Array.of(all.size)]]),
    beforeStep: ({ parameters }) => seen.push([...parameters.keys()]),
    afterStep: ({ parameters }) => (parameters.get('b')!.weight[1] = 9),
  };
  const kept = keepInRange(['a', 'b'], 3, inner);
  expect(kept.parameters).toEqual(['b', 'a', scaleName('a'), scaleName('b')]);
  expect(kept.freezes).toBe(false);
  expect(kept.digest).toContain('inner');
  const parameters = new Map([
    ['a', parameter(0.2, -4, 1.4)],
    ['b', parameter(-1, 0)],
    [scaleName('a'), parameter(0.5)],
    [scaleName('b'), parameter(2)],
  ]);
  expect(kept.state!(parameters).get('kept')![0]).toBe(1);
  kept.beforeStep!({ ...update, parameters });
  expect(seen).toEqual([['b']]);
  kept.afterStep!({ ...update, parameters });
  expect([...parameters.get('a')!.weight].map((w) => w.toFixed(4))).toEqual(['0.2000', '-1.4985', '1.4000']);
  expect([...parameters.get('b')!.weight].map((w) => w.toFixed(4))).toEqual(['-1.0000', '5.9940']);
  expect(keepInRange([], 3, undefined).state!(new Map()).size).toBe(0);
});

test('a weight that was far outside learns again', async () => {
  const first = buildArchitecture('mlp-4-1', 1);
  const [view] = weightViews(first);
  const { name } = view!.source;
  view!.write(Float32Array.of(5, 0.1, 0.1, 0.1));
  // Outputs are 0: so should the weights be.
  const input = Tensor.of(
    'float32',
    [64, 4],
    Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * i)),
  );
  const targets = Tensor.of('float32', [64, 1], new Float32Array(64));
  const { model } = await trainOnGrids(first, arrayDataset({ input, targets }), {
    ...{ losses: [{ loss: meanSquaredError() }], epochs: 100, batch: 16, learningRate: 5e-2, seed: 3, threads: 1 },
    ...{ weights: [name], weightBits: 3 },
  });
  expect(model.graph.value(name)!.initializer!.toFloat32()[0]).toBe(0);
});
