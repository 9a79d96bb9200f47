import fc from 'fast-check';
import { Histogram } from './histogram.js';
import type { HistogramJson } from './histogram-json.js';

const floats = fc.float32Array({ maxLength: 60 });

/** What a histogram of these values must hold, from the definition, without folding. */
function oracle(values: readonly number[], bins: number) {
  const finite = values.filter(Number.isFinite);
  const largest = finite.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  let exponent = -100;
  while (2 ** exponent * (bins / 2) <= largest) exponent++;
  const counts = new Float64Array(bins);
  for (const v of finite) {
    const m = Math.floor(Math.abs(v) / 2 ** exponent);
    counts[v < 0 ? bins / 2 - 1 - m : bins / 2 + m]! += 1;
  }
  return { counts, binWidth: 2 ** exponent, total: finite.length };
}

describe('Histogram', () => {
  test('holds what the definition says, however the values arrive', () => {
    fc.assert(
      fc.property(fc.array(floats, { maxLength: 6 }), fc.constantFrom(128, 1024), (batches, bins) => {
        const values = batches.flatMap((batch) => Array.from(batch));
        const expected = oracle(values, bins);
        const streamed = new Histogram({ bins });
        batches.forEach((batch) => streamed.observe(batch));
        const shuffled = new Histogram({ bins });
        [...batches].reverse().forEach((batch) => shuffled.merge(new Histogram({ bins }).observe(batch.toReversed())));
        for (const histogram of [streamed, shuffled, new Histogram({ bins }).observe(Float32Array.from(values))]) {
          expect(histogram.counts).toEqual(expected.counts);
          expect(histogram.binWidth).toBe(expected.binWidth);
          expect(histogram.total).toBe(expected.total);
          expect(histogram.nanCount).toBe(values.filter(Number.isNaN).length);
          expect(histogram.zeroCount).toBe(values.filter((v) => v === 0).length);
        }
        expect(shuffled.toJSON()).toEqual(streamed.toJSON());
      }),
    );
  });

  test('edges are exact and every value lies between those of its bin', () => {
    const histogram = new Histogram({ bins: 128 }).observe(Float32Array.of(-3, 2.5, 0.7));
    const edges = histogram.edges();
    expect(edges).toHaveLength(129);
    expect([edges[0], edges[64], edges[128]]).toEqual([-histogram.absLimit, 0, histogram.absLimit]);
    expect(histogram.absLimit).toBe(4);
    expect(histogram.binWidth).toBe(4 / 64);
    for (const v of [-3, 2.5, 0.7]) {
      const bin = edges.findLastIndex((edge) => (v < 0 ? edge < v : edge <= v));
      expect(histogram.counts[bin]).toBe(1);
    }
  });

  test('magnitudes count both signs', () => {
    const histogram = new Histogram({ bins: 128 }).observe(Float32Array.of(-1, 1, -0.01, 0));
    const magnitudes = histogram.magnitudeCounts();
    expect(magnitudes).toHaveLength(64);
    expect([magnitudes[0], magnitudes[32]]).toEqual([2, 2]);
  });

  test('min and max are exact, over finite values', () => {
    const histogram = new Histogram().observe(Float32Array.of(0.1, NaN, -Infinity, -7.3));
    expect([histogram.min, histogram.max]).toEqual([Math.fround(-7.3), Math.fround(0.1)]);
    expect([histogram.nanCount, histogram.infCount]).toEqual([1, 1]);
    expect(new Histogram().min).toBe(Infinity);
  });

  test('survives JSON', () => {
    fc.assert(
      fc.property(floats, (x) => {
        const histogram = new Histogram({ bins: 256 }).observe(x);
        const json = JSON.parse(JSON.stringify(histogram)) as HistogramJson;
        const back = Histogram.fromJSON(json);
        expect(back.counts).toEqual(histogram.counts);
        // JSON has no -0; a histogram has none either.
        expect([back.min, back.max, back.binWidth]).toEqual([histogram.min, histogram.max, histogram.binWidth]);
        expect(back.toJSON()).toEqual(json);
      }),
    );
  });

  test.each([
    ['bins', { bins: 100 }],
    ['bins', { bins: '256' }],
    ['exponent', { exponent: 0.5 }],
    ['counts', { counts: [-1] }],
    ['counts', { counts: 'many' }],
    ['firstBin', { firstBin: 256 }],
    ['min, max', { min: null }],
    ['zeroCount', { zeroCount: 5 }],
  ])('JSON with a wrong %s is refused: %j', (name, change) => {
    const json = { ...new Histogram({ bins: 256 }).observe(Float32Array.of(1)).toJSON(), ...change } as HistogramJson;
    expect(() => Histogram.fromJSON(json)).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringContaining(`a wrong ${name}`) }),
    );
  });

  test('observeAsync gives the same, and leaves the histogram as it was when aborted', async () => {
    const x = Float32Array.from({ length: 3_000_000 }, (_, i) => Math.sin(i) * 100);
    const histogram = await new Histogram().observeAsync(x);
    expect(histogram.toJSON()).toEqual(new Histogram().observe(x).toJSON());
    const before = histogram.toJSON();
    const controller = new AbortController();
    const pending = histogram.observeAsync(x, { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toThrow();
    expect(histogram.toJSON()).toEqual(before);
  });

  test('a clone goes its own way', () => {
    const histogram = new Histogram().observe(Float32Array.of(1));
    const copy = histogram.clone().observe(Float32Array.of(500));
    expect([histogram.total, copy.total]).toEqual([1, 2]);
  });

  test.each([0, 64, 100, 131072, NaN])('%d bins are refused', (bins) => {
    expect(() => new Histogram({ bins })).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }));
  });

  test('histograms with different bins do not merge', () => {
    expect(() => new Histogram({ bins: 128 }).merge(new Histogram())).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION' }),
    );
  });
});
