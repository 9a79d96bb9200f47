import { GraphBuilder, type Model, Tensor, weightViews } from '@gossamer/graph';
import { dataFromArrays } from '../data/array-source.js';
import { modelInputs } from '../session/model-ports.js';
import { DivergenceSums } from './divergence.js';
import { keepSamples } from './kept-samples.js';
import { logitsOutput } from './logits-output.js';
import { ModelTrials } from './model-trials.js';

/** y = x W, beside it the softmax of y. */
function classifier(): Model {
  const g = new GraphBuilder('classifier');
  const x = g.input('x', 'float32', ['n', 2]);
  const logits = g.op('MatMul', [x, g.weight('w', [2, 3], Float32Array.of(1, 2, 0, -1, 0, 1))]);
  g.output(g.op('Softmax', [logits]), 'probabilities');
  g.output(logits, 'logits');
  return g.model();
}

const x = Tensor.of('float32', [3, 2], Float32Array.of(1, 0, 0, 1, 2, -1));

describe('ModelTrials', () => {
  it('measures what a changed weight does to the outputs', async () => {
    const model = classifier();
    expect(logitsOutput(model)).toBe('logits');
    const [data] = await keepSamples(dataFromArrays({ x }), modelInputs(model), { parts: [3], batchSize: 2 });
    const trials = await ModelTrials.open(model, data!, { threads: 1 });
    expect(await trials.measure(model.clone())).toEqual({ noise: 0, sqnrDb: Infinity, meanSquaredError: 0, kl: 0 });
    const changed = model.clone();
    weightViews(changed.graph)[0]!.write(Float32Array.of(1, 2, 0, -1, 0, 1.5));
    const { kl, noise } = await trials.measure(changed);
    // Only the third logit changes, by half of the second input.
    const rows = [
      [1, 2, 0, 0],
      [-1, 0, 1, 0.5],
      [3, 4, -1, -0.5],
    ];
    const softmax = (z: number[]) => z.map((v) => Math.exp(v) / z.reduce((sum, u) => sum + Math.exp(u), 0));
    const expected = rows.map(([a, b, c, d]) => {
      const [p, q] = [softmax([a!, b!, c!]), softmax([a!, b!, c! + d!])];
      return p.reduce((sum, value, i) => sum + value * Math.log(value / q[i]!), 0);
    });
    expect(kl).toBeCloseTo(expected.reduce((a, b) => a + b) / 3, 6);
    // The worse of the two outputs: the logits.
    expect(noise).toBeCloseTo(0.5 / 33, 12);
  });
});

describe('DivergenceSums', () => {
  it('says how large the difference is, and that it is no longer finite', () => {
    const of = (...values: number[]) => ({ y: Tensor.of('float32', [1, 2], Float32Array.from(values)) });
    const sums = new DivergenceSums(undefined);
    sums.add(of(3, 4), of(3, 3.5));
    expect(sums.result()).toEqual({ noise: 0.01, sqnrDb: 20, meanSquaredError: 0.125 });
    sums.add(of(3, 4), of(3, NaN));
    expect(sums.result()).toMatchObject({ noise: Infinity, sqnrDb: -Infinity, meanSquaredError: Infinity });
  });
});

describe('keepSamples', () => {
  it('shares samples out in order, and gives them again', async () => {
    const [first, second, none] = await keepSamples(dataFromArrays({ x }), modelInputs(classifier()), {
      parts: [2, 5, 4],
    });
    expect([first!.length, second!.length, none!.length]).toEqual([2, 1, 0]);
    for (let again = 0; again < 2; again++) {
      const seen: number[] = [];
      for await (const { feeds } of second!.batches()) seen.push(...feeds['x']!.toFloat32());
      expect(seen).toEqual([2, -1]);
    }
  });
});
