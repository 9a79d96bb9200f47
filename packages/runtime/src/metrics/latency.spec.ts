import { GraphBuilder, Tensor } from '@gossamer/graph';
import { Session } from '../session/session.js';
import { bootstrapMedian } from './bootstrap.js';
import { compareLatency, measureLatency, summarise } from './latency.js';
import { median, quantile } from './quantile.js';

function matmuls(count: number) {
  const g = new GraphBuilder('matmuls');
  let x = g.input('x', 'float32', [64, 64]);
  for (let i = 0; i < count; i++)
    x = g.op('Relu', [g.op('MatMul', [x, g.weight(`w${i}`, [64, 64], new Float32Array(4096).fill(0.01))])]);
  return g.output(x, 'y', 'float32', [64, 64]).model();
}

const feeds = { x: Tensor.of('float32', [64, 64], new Float32Array(4096).fill(1)) };

test('quantiles are linear between neighbours, as numpy has them', () => {
  expect(quantile([1, 2, 3, 4], 0.95)).toBeCloseTo(3.85, 12);
  expect(quantile([7], 0.3)).toBe(7);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('a summary has median, 95th percentile and minimum', () => {
  expect(summarise([5, 1, 3])).toEqual({ runs: 3, median: 3, p95: 4.8, min: 1, samples: [5, 1, 3] });
});

describe('bootstrapMedian', () => {
  const values = Array.from({ length: 40 }, (_, i) => 2 + Math.sin(i * 12.9898) / 4);

  it('brackets the median, the same for the same seed', () => {
    const interval = bootstrapMedian(values, 1);
    expect(interval).toEqual(bootstrapMedian(values, 1));
    expect(interval.low).toBeLessThanOrEqual(median(values));
    expect(interval.high).toBeGreaterThanOrEqual(median(values));
    expect(interval.high - interval.low).toBeLessThan(0.3);
    expect(interval).not.toEqual(bootstrapMedian(values, 2));
  });

  it('is a point when nothing varies', () => {
    expect(bootstrapMedian([3, 3, 3])).toEqual({ low: 3, high: 3 });
  });
});

test('measureLatency times as many runs as asked', async () => {
  const session = await Session.open(matmuls(1), { threads: 1 });
  const latency = await measureLatency(session, feeds, { warmup: 1, runs: 7, minSeconds: 0 });
  expect(latency.runs).toBe(7);
  expect(latency.min).toBeGreaterThan(0);
  expect(latency.median).toBeLessThanOrEqual(latency.p95);
  await expect(measureLatency(session, feeds, { runs: 0 })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  await session.dispose();
});

test('compareLatency times pairs of two sessions', async () => {
  const [long, short] = [
    await Session.open(matmuls(40), { threads: 1 }),
    await Session.open(matmuls(2), { threads: 1 }),
  ];
  const result = await compareLatency(long, short, feeds, undefined, { pairs: 15, warmup: 3 });
  expect([result.a.runs, result.b.runs]).toEqual([15, 15]);
  expect(result.b.min).toBeGreaterThan(0);
  expect(result.low).toBeLessThanOrEqual(result.speedup);
  expect(result.high).toBeGreaterThanOrEqual(result.speedup);
  await long.dispose();
  await short.dispose();
});

// What a machine does with a clock cannot be told before, so here the clock is the test's own.
describe('compareLatency, on a clock of known speed', () => {
  let now: number;
  /** How many milliseconds pass for one of a session's. */
  let slowness: (now: number) => number;

  beforeEach(() => {
    now = 0;
    slowness = () => 1;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => jest.restoreAllMocks());

  const sessionOf = (milliseconds: number) =>
    ({
      run: async () => {
        now += milliseconds * slowness(now);
        return {};
      },
    }) as unknown as Session;

  it('gives the ratio of the times', async () => {
    const result = await compareLatency(sessionOf(6), sessionOf(1.5), feeds);
    expect(result.speedup).toBeCloseTo(4, 9);
    expect(result.a.median).toBeCloseTo(6, 9);
    expect(result.b.median).toBeCloseTo(1.5, 9);
  });

  it('has a model as fast as itself on a machine that grows slower all the time', async () => {
    slowness = (at) => 1 + at / 500;
    const result = await compareLatency(sessionOf(2), sessionOf(2), feeds, undefined, { pairs: 10 });
    expect(result.a.samples[9]!).toBeGreaterThan(2 * result.a.samples[0]!);
    expect(result.speedup).toBeGreaterThan(0.99);
    expect(result.speedup).toBeLessThan(1.01);
  });

  it('does not mind a job that takes the machine for a third of the pairs', async () => {
    slowness = (at) => (at > 400 && at < 1800 ? 7 : 1);
    const result = await compareLatency(sessionOf(3), sessionOf(2), feeds, undefined, { pairs: 30 });
    expect(result.a.samples.filter((time) => time > 10).length).toBeGreaterThan(3);
    expect(result.speedup).toBeCloseTo(1.5, 9);
  });

  it('runs a short model as often as fills ten milliseconds', async () => {
    let runs = 0;
    const counted = {
      run: async () => {
        runs++;
        now += 0.5;
        return {};
      },
    } as unknown as Session;
    await compareLatency(counted, sessionOf(0.5), feeds, undefined, { pairs: 1, warmup: 1 });
    expect(runs).toBe(1 + 2 * 20);
  });
});
