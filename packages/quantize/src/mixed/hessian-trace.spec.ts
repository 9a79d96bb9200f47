import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { noise } from '../testing/emit-static.js';
import { hessianTraces } from './hessian-trace.js';
import { mixedPrecision } from './mixed-precision.js';

const [INPUTS, HIDDEN, CLASSES, SAMPLES] = [4, 5, 3, 6];
const [x, a, b] = [noise(SAMPLES * INPUTS, 1), noise(INPUTS * HIDDEN, 2), noise(HIDDEN * CLASSES, 3)];

function net(): Model {
  const g = new GraphBuilder('g');
  const hidden = g.op('Tanh', [
    g.op('MatMul', [g.input('x', 'float32', ['n', INPUTS]), g.weight('a', [INPUTS, HIDDEN], a)]),
  ]);
  return g.output(g.op('MatMul', [hidden, g.weight('b', [HIDDEN, CLASSES], b)]), 'logits').model();
}

/** Log-probabilities of each sample in float64. */
function logProbabilities(first: readonly number[], second: readonly number[]): number[][] {
  return Array.from({ length: SAMPLES }, (_, n) => {
    const hidden = Array.from({ length: HIDDEN }, (__, h) => {
      let sum = 0;
      for (let i = 0; i < INPUTS; i++) sum += x[n * INPUTS + i]! * first[i * HIDDEN + h]!;
      return Math.tanh(sum);
    });
    const scores = Array.from({ length: CLASSES }, (__, c) =>
      hidden.reduce((sum, v, h) => sum + v * second[h * CLASSES + c]!, 0),
    );
    const norm = Math.log(scores.reduce((sum, v) => sum + Math.exp(v), 0));
    return scores.map((v) => v - norm);
  });
}

/** Trace of the Hessian of the mean KL by one weight matrix, by second central differences in float64. */
function exactTrace(which: 'a' | 'b'): number {
  const weights = { a: Array.from(a), b: Array.from(b) };
  const own = logProbabilities(weights.a, weights.b);
  const kl = () => {
    const changed = logProbabilities(weights.a, weights.b);
    return (
      own.reduce((sum, row, n) => sum + row.reduce((s, log, c) => s + Math.exp(log) * (log - changed[n]![c]!), 0), 0) /
      SAMPLES
    );
  };
  // KL is 0 at the float weights, its error there O(1e-16): h = 1e-4 leaves an error of about 1e-8 of roundings and h^2 of the series.
  const h = 1e-4;
  return weights[which].reduce((sum, value, i) => {
    const around = [value + h, value - h].map((v) => {
      weights[which][i] = v;
      return kl();
    });
    weights[which][i] = value;
    return sum + (around[0]! + around[1]!) / h ** 2;
  }, 0);
}

const data = () => dataFromArrays({ x: Tensor.of('float32', [SAMPLES, INPUTS], x) });

describe('hessianTraces', () => {
  it.each(['a', 'b'] as const)('is the trace of the exact Hessian of KL in the mean (%s)', async (name) => {
    const runs: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      runs.push((await hessianTraces(net(), [name], data(), { draws: 10, seed, threads: 1 })).get(name)!);
    }
    const mean = runs.reduce((sum, v) => sum + v, 0) / runs.length;
    const variance = runs.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (runs.length - 1);
    // Four standard errors of the mean of independent estimates.
    expect(Math.abs(mean - exactTrace(name))).toBeLessThan(4 * Math.sqrt(variance / runs.length));
    expect(Math.sqrt(variance / runs.length)).toBeLessThan(0.1 * exactTrace(name));
  });

  it('gives the same number for the same seed, and refuses what is no parameter', async () => {
    const trace = async () => (await hessianTraces(net(), ['a'], data(), { threads: 1 })).get('a');
    expect(await trace()).toBe(await trace());
    await expect(hessianTraces(net(), ['logits'], data())).rejects.toMatchObject({ code: 'ERR_QUANTIZE_OPTION' });
  });

  it('is a sensitivity that allots bits', async () => {
    const g = new GraphBuilder('g');
    const hidden = g.op('Relu', [
      g.op('MatMul', [g.input('x', 'float32', ['n', INPUTS]), g.weight('a', [INPUTS, 64], noise(INPUTS * 64, 5))]),
    ]);
    const model = g.output(g.op('MatMul', [hidden, g.weight('b', [64, 8], noise(64 * 8, 6))]), 'logits').model();
    const { layers } = await mixedPrecision(model, {
      data: data(),
      budget: { bytes: 1e6 },
      sensitivity: 'hutchinson',
      repairs: 1,
      threads: 1,
    });
    for (const { losses } of layers) expect(losses['int2']).toBeGreaterThan(10 * losses['int8']!);
  });
});
