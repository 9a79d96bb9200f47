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

test('compareLatency sees that 40 layers take longer than 2', async () => {
  const [long, short] = [
    await Session.open(matmuls(40), { threads: 1 }),
    await Session.open(matmuls(2), { threads: 1 }),
  ];
  const result = await compareLatency(long, short, feeds, undefined, { pairs: 15, warmup: 3 });
  expect([result.a.runs, result.b.runs]).toEqual([15, 15]);
  // 20 times the work; a run's fixed cost brings the ratio down.
  expect(result.low).toBeGreaterThan(1.5);
  expect(result.low).toBeLessThanOrEqual(result.speedup);
  expect(result.high).toBeGreaterThanOrEqual(result.speedup);
  await long.dispose();
  await short.dispose();
});

test('a model is as fast as itself, with threads that stay awake too', async () => {
  const [one, other] = [await Session.open(matmuls(4), { threads: 2 }), await Session.open(matmuls(4), { threads: 2 })];
  // A bias is there every time; what else the machine did during one comparison of a few milliseconds is not.
  const speedups: number[] = [];
  for (let i = 0; i < 5; i++) {
    speedups.push((await compareLatency(one, other, feeds, undefined, { pairs: 20 })).speedup);
  }
  const speedup = median(speedups);
  expect(speedup).toBeGreaterThan(0.8);
  expect(speedup).toBeLessThan(1.25);
  await one.dispose();
  await other.dispose();
});
