import { RandomStream } from '../data/random-values.js';
import { affineFromRange } from './affine-from-range.js';
import type { Range, RangeOptions } from './range.js';
import { CALIBRATORS, chooseRange } from './registry.js';
import { statisticsOf } from './testing/statistics-of.js';

const normal = (count: number, seed = 0) => {
  const values = new Float32Array(count);
  new RandomStream(seed, 'calibrators').normal(0, values);
  return [...values];
};

const ALL = Object.keys(CALIBRATORS);
const MAPPINGS = ['symmetric', 'asymmetric'] as const;

/** Mean squared error of quantizing `values` in `range`, from the definition. */
function quantizationError(values: readonly number[], range: Range, bits: number, mapping: 'symmetric' | 'asymmetric') {
  const top = 2 ** (bits - 1) - 1;
  const limits = mapping === 'symmetric' ? { quantMin: -top, quantMax: top } : { quantMin: 0, quantMax: 2 ** bits - 1 };
  const { scale, zeroPoint } = affineFromRange(range, { ...limits, mapping });
  const sum = values.reduce((total, x) => {
    const code = Math.min(limits.quantMax, Math.max(limits.quantMin, Math.round(x / scale) + zeroPoint));
    return total + ((code - zeroPoint) * scale - x) ** 2;
  }, 0);
  return sum / values.length;
}

describe.each(ALL)('%s', (calibrator) => {
  it.each(MAPPINGS)('keeps 0 inside, within what was seen (%s)', (mapping) => {
    for (const values of [
      normal(5000),
      normal(500).map(Math.abs),
      normal(500).map((x) => -Math.abs(x) - 1),
      [3],
      [-2, 0],
    ]) {
      const statistics = statisticsOf(values);
      const { min, max } = chooseRange(statistics, { calibrator, mapping });
      expect(min).toBeLessThanOrEqual(0);
      expect(max).toBeGreaterThanOrEqual(0);
      const limit = mapping === 'symmetric' ? statistics.absMax : Infinity;
      expect(min).toBeGreaterThanOrEqual(
        Math.max(Math.min(statistics.min, 0), -limit) - (mapping === 'symmetric' ? limit : 0),
      );
      expect(max).toBeLessThanOrEqual(mapping === 'symmetric' ? limit : Math.max(statistics.max, 0));
      if (mapping === 'symmetric') expect(min + max).toBe(0);
    }
  });

  it('gives what is never negative the zero point 0, exactly', () => {
    const relu = normal(4000).map((x) => Math.max(0, x));
    const range = chooseRange(statisticsOf(relu), { calibrator });
    expect(range.min).toBe(0);
    expect(affineFromRange(range, { quantMin: 0, quantMax: 255, mapping: 'asymmetric' }).zeroPoint).toBe(0);
  });

  it('makes nothing of nothing: all zeros, or nothing finite', () => {
    for (const values of [[0, 0, 0], []]) {
      expect(chooseRange(statisticsOf(values), { calibrator })).toEqual({ min: 0, max: 0 });
      expect(chooseRange(statisticsOf(values), { calibrator, mapping: 'symmetric' })).toEqual({ min: 0, max: 0 });
    }
  });

  it('survives one huge outlier', () => {
    const range = chooseRange(statisticsOf([...normal(20_000), 1e6], 8192), { calibrator });
    expect(Number.isFinite(range.min) && Number.isFinite(range.max) && range.max > 0).toBe(true);
  });
});

test('minmax keeps every value', () => {
  expect(chooseRange(statisticsOf([-1, 2.5]), { calibrator: 'minmax' })).toEqual({ min: -1, max: 2.5 });
  expect(chooseRange(statisticsOf([-1, 2.5]), { calibrator: 'minmax', mapping: 'symmetric' })).toEqual({
    min: -2.5,
    max: 2.5,
  });
  expect(chooseRange(statisticsOf([1, 2.5]), { calibrator: 'minmax' })).toEqual({ min: 0, max: 2.5 });
});

describe('octav', () => {
  const laplace = Array.from({ length: 40_000 }, (_, i) => {
    const share = (i + 0.5) / 40_000;
    return share < 0.5 ? Math.log(2 * share) : -Math.log(2 - 2 * share);
  });

  it.each([
    [4, 'symmetric', laplace],
    [4, 'asymmetric', laplace],
    [8, 'symmetric', laplace],
    [4, 'asymmetric', laplace.map((x) => Math.max(0, x))],
    [4, 'asymmetric', normal(40_000).map((x) => x ** 3 + 1)],
    [3, 'symmetric', normal(40_000)],
  ] as const)('has nearly the least error, %i bits, %s', (bits, mapping, values) => {
    const statistics = statisticsOf(values, 8192);
    const error = (calibrator: string) =>
      quantizationError(values, chooseRange(statistics, { calibrator, bits, mapping }), bits, mapping);
    // Noise of step² / 12 is what the search's exact error is only on average; the literature card has 0.7 % at 4 bits.
    expect(error('octav')).toBeLessThan(1.05 * error('mse'));
    expect(error('octav')).toBeLessThan(error('minmax'));
  });

  it('is the fixed point of the paper for a symmetric range', () => {
    const values = normal(40_000).map((x) => x ** 3);
    const statistics = statisticsOf(values, 65_536);
    const { max: limit } = chooseRange(statistics, { calibrator: 'octav', bits: 4, mapping: 'symmetric' });
    const sizes = values.map(Math.abs);
    const beyond = sizes.filter((x) => x > limit);
    // 15 codes: steps of 2 a / 14.
    const noise = (4 / (12 * 14 * 14)) * (sizes.length - beyond.length);
    const next = beyond.reduce((a, b) => a + b, 0) / (noise + beyond.length);
    // Values stand at the middle of bins while it is computed.
    expect(Math.abs(next - limit)).toBeLessThan(2 * statistics.histogram!.binWidth);
  });
});

describe('percentile', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => (i - 3000) / 1000);

  it('cuts both tails alike when asymmetric, magnitudes when symmetric', () => {
    const bin = statisticsOf(values, 8192).histogram!.binWidth;
    const cut = chooseRange(statisticsOf(values, 8192), { calibrator: 'percentile', percentile: 99 });
    expect(Math.abs(cut.min - -2.95)).toBeLessThanOrEqual(bin);
    expect(Math.abs(cut.max - 6.949)).toBeLessThanOrEqual(bin);
    const mirrored = chooseRange(statisticsOf(values, 8192), {
      calibrator: 'percentile',
      percentile: 90,
      mapping: 'symmetric',
    });
    expect(Math.abs(mirrored.max - 6)).toBeLessThanOrEqual(bin);
  });

  it('keeps everything at 100', () => {
    const { min, max } = chooseRange(statisticsOf(values), { calibrator: 'percentile', percentile: 100 });
    expect([min, max]).toEqual([-3, 6.999]);
  });

  it.each([0, -1, 101, NaN])('refuses %p', (percentile) => {
    const choose = () => chooseRange(statisticsOf(values), { calibrator: 'percentile', percentile });
    expect(choose).toThrow(expect.objectContaining({ code: 'ERR_CALIBRATOR' }));
  });
});

describe('mse', () => {
  it.each([
    [4, 'asymmetric'],
    [4, 'symmetric'],
    [8, 'asymmetric'],
    [8, 'symmetric'],
  ] as const)('is never worse than min-max, and as good as a dense search (%i bits, %s)', (bits, mapping) => {
    for (const values of [normal(250), normal(250).map((x) => x ** 3), normal(250).map((x) => Math.max(0, x) ** 2)]) {
      const statistics = statisticsOf(values, 4096);
      const options: RangeOptions = { calibrator: 'mse', bits, mapping };
      const found = quantizationError(values, chooseRange(statistics, options), bits, mapping);
      const whole = quantizationError(
        values,
        chooseRange(statistics, { ...options, calibrator: 'minmax' }),
        bits,
        mapping,
      );
      // Values stand at the middle of their bins while ranges are searched: half a bin is far below a step here.
      expect(found).toBeLessThanOrEqual(whole * 1.001);
      const { min, max } = chooseRange(statistics, { ...options, calibrator: 'minmax' });
      let dense = Infinity;
      for (let i = 1; i <= 24; i++) {
        for (let j = 1; j <= 24; j++) {
          if (mapping === 'symmetric' && i !== j) continue;
          dense = Math.min(
            dense,
            quantizationError(values, { min: (min * i) / 24, max: (max * j) / 24 }, bits, mapping),
          );
        }
      }
      expect(found).toBeLessThanOrEqual(dense * 1.02);
    }
  });
});

describe('entropy', () => {
  /** KL(P || Q) of a one-sided histogram cut at bin `end`, written out bin by bin. */
  function divergence(counts: readonly number[], end: number, levels: number): number {
    const total = counts.reduce((a, b) => a + b, 0);
    const inside = counts.slice(0, end);
    const mass = inside.reduce((a, b) => a + b, 0);
    const p = [...inside];
    p[end - 1]! += total - mass;
    const q = new Array<number>(end).fill(0);
    for (let level = 0; level < levels; level++) {
      const from = Math.floor((end * level) / levels);
      const to = Math.floor((end * (level + 1)) / levels);
      const filled = p.slice(from, to).filter((x) => x > 0).length;
      const sum = Math.max(
        1,
        inside.slice(from, to).reduce((a, b) => a + b, 0),
      );
      for (let i = from; i < to; i++) if (p[i]! > 0) q[i] = sum / filled;
    }
    return p.reduce((sum, x, i) => (x > 0 ? sum + (x / total) * Math.log(x / total / (q[i]! / mass)) : sum), 0);
  }

  it('finds the threshold of the definition', () => {
    const values = normal(20_000).map((x) => Math.abs(x) * (Math.abs(x) > 2 ? 2 : 1));
    const statistics = statisticsOf(values, 4096);
    const { counts, binWidth, zeroCount } = statistics.histogram!;
    const magnitudes = [...counts.slice(2048)];
    magnitudes[0]! -= zeroCount;
    const last = Math.floor(statistics.max / binWidth) + 1;
    for (const [mapping, levels] of [
      ['asymmetric', 256],
      ['symmetric', 128],
    ] as const) {
      let best = last;
      for (let end = last; end >= levels; end--) {
        if (divergence(magnitudes, end, levels) < divergence(magnitudes, best, levels) - 1e-12) best = end;
      }
      const { max } = chooseRange(statistics, { calibrator: 'entropy', mapping });
      expect(max).toBe(Math.min(best * binWidth, statistics.max));
    }
  });

  it('sees the same in finer bins', () => {
    const values = normal(20_000).map((x) => x ** 3);
    const [coarse, fine] = [4096, 16384].map((bins) =>
      chooseRange(statisticsOf(values, bins), { calibrator: 'entropy' }),
    );
    expect(fine).toEqual(coarse);
  });

  it('is not led into a tiny range by a value that occurs all the time', () => {
    // A constant background seen through a convolution and a ReLU: the divergence alone chooses 0.6 here.
    const background = Array.from({ length: 100_000 }, () => 0.313);
    const { max } = chooseRange(statisticsOf([...background, ...normal(20_000).map((x) => Math.abs(2 * x))], 8192), {
      calibrator: 'entropy',
    });
    // At least one standard deviation of the rest.
    expect(max).toBeGreaterThan(2);
  });

  it('cuts a long thin tail', () => {
    const { max } = chooseRange(statisticsOf([...normal(50_000).map(Math.abs), 40], 4096), { calibrator: 'entropy' });
    expect(max).toBeLessThan(12);
    expect(max).toBeGreaterThan(2);
  });

  it('is not decided by the zeros of a ReLU', () => {
    const positive = normal(20_000).map(Math.abs);
    const spiked = [...positive, ...new Array<number>(200_000).fill(0)];
    const [a, b] = [positive, spiked].map((values) =>
      chooseRange(statisticsOf(values, 4096), { calibrator: 'entropy' }),
    );
    expect(b).toEqual(a);
  });
});

describe('affineFromRange', () => {
  const u8 = { quantMin: 0, quantMax: 255, mapping: 'asymmetric' } as const;

  it.each([
    [{ min: 0, max: 2.55 }, u8, 0],
    [{ min: -2.55, max: 0 }, u8, 255],
    [{ min: -1.28, max: 1.27 }, u8, 128],
    [{ min: -1.28, max: 1.27 }, { quantMin: -128, quantMax: 127, mapping: 'asymmetric' }, 0],
    [{ min: -1, max: 3 }, { quantMin: -127, quantMax: 127, mapping: 'symmetric' }, 0],
    [{ min: -1, max: 3 }, { quantMin: -128, quantMax: 127, mapping: 'symmetric' }, 0],
    [{ min: -1, max: 3 }, { quantMin: 0, quantMax: 255, mapping: 'symmetric' }, 128],
  ] as const)('%j in %j has the zero point %i', (range, codes, zeroPoint) => {
    expect(affineFromRange(range, codes).zeroPoint).toBe(zeroPoint);
  });

  it('covers the range: no value in it is off by more than half a step', () => {
    for (const [min, max] of [
      [-1, 3],
      [-0.1, 17],
      [-5, 0.01],
      [0, 1e-5],
    ] as const) {
      const { scale, zeroPoint } = affineFromRange({ min, max }, u8);
      for (let i = 0; i <= 100; i++) {
        const x = min + ((max - min) * i) / 100;
        const code = Math.min(255, Math.max(0, Math.round(x / scale) + zeroPoint));
        // At the ends the zero point's own rounding adds up to another half.
        expect(Math.abs((code - zeroPoint) * scale - x)).toBeLessThanOrEqual(scale * 1.0001);
      }
    }
  });

  it('symmetric codes reach 127 on both sides', () => {
    expect(affineFromRange({ min: -1, max: 3 }, { quantMin: -128, quantMax: 127, mapping: 'symmetric' }).scale).toBe(
      Math.fround(3 / 127),
    );
  });

  it('guards ranges that are nothing, tiny, or as wide as floats go', () => {
    expect(affineFromRange({ min: 0, max: 0 }, u8)).toEqual({ scale: 1, zeroPoint: 0 });
    expect(affineFromRange({ min: 0, max: 1e-45 }, u8).scale).toBe(2 ** -126);
    const widest = affineFromRange({ min: -3.4e38, max: 3.4e38 }, u8);
    expect(Number.isFinite(Math.fround(widest.scale)) && widest.zeroPoint === 128).toBe(true);
    for (const range of [
      { min: NaN, max: 1 },
      { min: 0, max: Infinity },
    ]) {
      expect(() => affineFromRange(range, u8)).toThrow(expect.objectContaining({ code: 'ERR_CALIBRATOR' }));
    }
  });
});

test('unknown names and missing histograms are named', () => {
  const statistics = { ...statisticsOf([1]), histogram: undefined };
  for (const calibrator of ['nope', 'constructor', 'percentile', 'entropy', 'mse']) {
    expect(() => chooseRange(statistics, { calibrator })).toThrow(expect.objectContaining({ code: 'ERR_CALIBRATOR' }));
  }
});
