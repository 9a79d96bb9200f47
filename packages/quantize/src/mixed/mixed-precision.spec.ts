import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { createMetric, dataFromArrays, ModelTrials } from '@gossamer/runtime';
import { quantize } from '../quantize.js';
import { mixedPrecision } from './mixed-precision.js';

/** Numbers in [-1, 1): Numerical Recipes' linear congruential generator. */
function uniform(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const WIDTH = 32;

/** Six products one behind the other, with residuals, so that layers matter differently. */
function sixLayers(): Model {
  const g = new GraphBuilder('six');
  let x = g.input('x', 'float32', ['n', WIDTH]);
  for (let layer = 0; layer < 5; layer++) {
    const weight = uniform(WIDTH * WIDTH, layer + 1).map((v) => (v * (layer % 2 === 0 ? 0.4 : 0.05)) as number);
    const product = g.op('MatMul', [x, g.weight(`w${layer}`, [WIDTH, WIDTH], weight)]);
    x = g.op('Add', [x, g.op('Relu', [product])]);
  }
  g.output(g.op('MatMul', [x, g.weight('w5', [WIDTH, 10], uniform(WIDTH * 10, 9))]), 'logits');
  return g.model();
}

const samples = 24;
const arrays = { x: Tensor.of('float32', [samples, WIDTH], uniform(samples * WIDTH, 99)) };

describe('mixedPrecision', () => {
  const model = sixLayers();
  const common = { batchSize: 16, samples: 16, threads: 1, candidates: ['int2', 'int3', 'int4', 'int8'] } as const;
  const data = () => dataFromArrays(arrays);
  const bytesAt = async (bits: string) => {
    const { bytes } = await mixedPrecision(model, {
      ...common,
      data: data(),
      candidates: [bits],
      budget: { bytes: 1e9 },
    });
    return bytes.after;
  };

  it('keeps to the budget, and is no worse than the uniform bits that fit', async () => {
    const bytes = await bytesAt('int4');
    const mixed = await mixedPrecision(model, { ...common, data: data(), budget: { bytes } });
    const four = await mixedPrecision(model, { ...common, data: data(), candidates: ['int4'], budget: { bytes } });
    expect(mixed.bytes.after).toBeLessThanOrEqual(bytes);
    expect(mixed.step).toBe(0);
    expect(mixed.metric.after).toBeLessThanOrEqual(mixed.metric.before);
    expect(mixed.metric.after).toBeLessThan(four.metric.after);
    expect(mixed.layers.map(({ layers }) => layers)).toHaveLength(6);
    expect(new Set(mixed.layers.map(({ weights }) => weights)).size).toBeGreaterThan(1);
  });

  it('allots as brute force does over every choice of the six layers', async () => {
    const budget = { bytes: await bytesAt('int3') };
    // One measurement: the allocation itself is not repaired.
    const { layers, bytes } = await mixedPrecision(model, { ...common, data: data(), budget, repairs: 1 });
    const bytesOf = (layer: number, bits: number) => {
      const rows = layer === 5 ? 10 : WIDTH;
      return Math.ceil((rows * WIDTH * bits) / 8) + 4 * rows;
    };
    let best = Infinity;
    for (let code = 0; code < 4 ** 6; code++) {
      const names = layers.map((_, layer) => common.candidates[Math.floor(code / 4 ** layer) % 4]!);
      const cost = names.reduce((sum, name, layer) => sum + bytesOf(layer, Number(name.slice(3))), 0);
      if (cost <= budget.bytes)
        best = Math.min(
          best,
          names.reduce((sum, name, layer) => sum + layers[layer]!.losses[name]!, 0),
        );
    }
    expect(layers.reduce((sum, { losses, weights }) => sum + losses[weights]!, 0)).toBe(best);
    expect(layers.reduce((sum, layer) => sum + layer.bytes, 0)).toBe(bytes.after);
  });

  it('gives rules by which quantize writes what was simulated', async () => {
    const candidates = ['uint3', 'uint4', 'int8', 'float32'];
    const budget = { bytes: await bytesAt('uint4') };
    const { rules, simulated } = await mixedPrecision(model, {
      ...common,
      data: data(),
      candidates,
      budget,
      repairs: 8,
    });
    const { model: written } = await quantize(model, { mode: 'weight-only', layers: rules, accuracyLevel: 1 });
    const trials = await ModelTrials.open(simulated, data(), { threads: 1 });
    // Kernels on codes sum in another order than those on floats.
    expect((await trials.measure(written)).sqnrDb).toBeGreaterThan(100);
  });

  it('replays its journal without a measurement, to the same choice', async () => {
    const bytes = await bytesAt('int3');
    const first = await mixedPrecision(model, { ...common, data: data(), budget: { bytes } });
    const { journal } = first;
    // An engine that is not there: nothing may be run.
    const again = await mixedPrecision(model, {
      ...common,
      data: data(),
      budget: { bytes },
      journal,
      engine: 'absent',
    });
    expect(again.layers).toEqual(first.layers);
    expect(again.journal).toEqual(journal);
  });

  it('predicts from the layers own noise, and repairs by a metric with labels', async () => {
    const bytes = await bytesAt('int3');
    const labels = Tensor.of(
      'int64',
      [samples],
      BigInt64Array.from({ length: samples }, (_, i) => BigInt(i % 10)),
    );
    const source = dataFromArrays({ ...arrays, labels });
    const result = await mixedPrecision(model, {
      ...{ ...common, data: source, heldOut: source, budget: { bytes }, sensitivity: 'sqnr', repairs: 5 },
      metric: () => createMetric('class-error'),
    });
    expect(result.metric.name).toBe('class-error');
    const [first] = result.layers;
    expect(first!.losses['int2']).toBeGreaterThan(first!.losses['int3']!);
    // Six bits less: noise falls by about 6.02 dB a bit.
    const decibels = 10 * Math.log10(first!.losses['int2']! / first!.losses['int8']!);
    expect(decibels).toBeGreaterThan(30);
  });

  it('keeps to a latency as the whole model is timed, and to bytes beside it; a journal replays it', async () => {
    const candidates = ['uint4/32', 'int8/32', 'float32'];
    const how = { ...common, data: data(), candidates, repairs: 4 };
    const free = await mixedPrecision(model, { ...how, budget: { latency: 1000 } });
    expect(free.layers.map(({ candidate }) => candidate)).toEqual(new Array(6).fill('float32'));
    expect(free.latency!.high).toBeLessThanOrEqual(1000);
    const bytes = await bytesAt('int8');
    const both = await mixedPrecision(model, { ...how, budget: { latency: 1000, bytes: 1.2 * bytes } });
    expect(both.bytes.after).toBeLessThanOrEqual(1.2 * bytes);
    const again = await mixedPrecision(model, {
      ...how,
      ...{ budget: { latency: 1000, bytes: 1.2 * bytes }, journal: both.journal, data: data() },
    });
    expect([again.layers, again.latency]).toEqual([both.layers, both.latency]);
    const impossible = mixedPrecision(model, {
      ...how,
      data: data(),
      budget: { latency: 1e-6 },
      journal: both.journal,
    });
    await expect(impossible).rejects.toMatchObject({ code: 'ERR_QUANTIZE_OPTION' });
  });

  it('takes the faster candidate where times say so, and the better one where they leave room', async () => {
    const candidates = ['uint4/32', 'int8/32'];
    const how = { ...common, data: data(), candidates, repairs: 1 };
    const { journal } = await mixedPrecision(model, { ...how, budget: { latency: 1000 } });
    // Recorded times decide: made up here, so that the outcome is known. A layer takes 1 ms in 4 bits, 2 ms in 8, 3 ms in float.
    const told = Object.fromEntries(
      Object.entries(journal).map(([key, value]) => {
        if (!key.startsWith('milliseconds')) return [key, value];
        if (key.includes('the model')) return [key, key.includes('in float') ? 18 : 9];
        return [key, key.includes('uint4') ? 1 : key.includes('int8') ? 2 : 3];
      }),
    );
    const at = async (latency: number) =>
      (await mixedPrecision(model, { ...how, data: data(), budget: { latency }, journal: told })).layers.filter(
        ({ candidate }) => candidate === 'int8/32',
      ).length;
    // Two of these choices are timed as a whole for the first time: far below a budget of milliseconds.
    expect([await at(12), await at(9.5)]).toEqual([6, 3]);
  });

  it('refuses budgets and candidates that cannot be', async () => {
    const refused = (changes: object) =>
      expect(
        mixedPrecision(model, { ...common, data: data(), budget: { bytes: 10 }, ...changes }),
      ).rejects.toMatchObject({
        code: 'ERR_QUANTIZE_OPTION',
      });
    await refused({});
    await refused({ budget: {} });
    await refused({ budget: { latency: -1 } });
    await refused({ candidates: ['int9'] });
    await refused({ candidates: [] });
    await refused({ include: ['nothing'] });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const onProgress = () => controller.abort(reason);
    const run = mixedPrecision(model, {
      ...common,
      data: data(),
      budget: { bytes: 1e9 },
      signal: controller.signal,
      onProgress,
    });
    await expect(run).rejects.toBe(reason);
  });
});
