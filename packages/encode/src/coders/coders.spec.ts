import fc from 'fast-check';
import { type BinaryCoder, codeRaw } from './binary-coder.js';
import { BitModels } from './bit-models.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from './exp-golomb.js';
import { Mixer } from './mixer.js';
import { RangeDecoder } from './range-decoder.js';
import { RangeEncoder } from './range-encoder.js';
import { squash, STRETCH } from './logistic.js';

describe('range coder', () => {
  it('gives back any bits under any probabilities', () => {
    const decision = fc.record({
      p: fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 65535)),
      bit: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.array(decision, { maxLength: 400 }), (decisions) => {
        const encoder = new RangeEncoder();
        for (const { p, bit } of decisions) encoder.code(p, bit);
        const decoder = new RangeDecoder(encoder.finish());
        expect(decisions.map(({ p }) => decoder.code(p, 0))).toEqual(decisions.map(({ bit }) => bit));
      }),
      { numRuns: 400 },
    );
  });

  it('carries through long runs of 0xff', () => {
    // Most likely zeros drive low up against the carry; the unlikely ones then overflow it.
    for (let seed = 1; seed < 300; seed++) {
      const bits = Array.from({ length: 3000 }, (_, i) => (((i * seed * 2654435761) >>> 0) % 97 === 0 ? 1 : 0));
      const encoder = new RangeEncoder();
      for (const bit of bits) encoder.code(1 + (seed % 7), bit);
      const decoder = new RangeDecoder(encoder.finish());
      expect(bits.findIndex((bit) => decoder.code(1 + (seed % 7), 0) !== bit)).toBe(-1);
    }
  });

  it('takes at most 2 bytes more than the information, and none for nothing', () => {
    expect(new RangeEncoder().finish()).toHaveLength(0);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 65535 }), { maxLength: 300 }), fc.integer(), (ps, seed) => {
        const encoder = new RangeEncoder();
        let information = 0;
        ps.forEach((p, i) => {
          const bit = (((seed ^ (i * 2654435761)) >>> 7) & 1) as 0 | 1;
          encoder.code(p, bit);
          information -= Math.log2((bit === 1 ? p : 65536 - p) / 65536);
        });
        expect(encoder.finish().length).toBeLessThanOrEqual(Math.floor(information / 8) + 2);
      }),
    );
  });
});

/** Bits of a source with contexts, and their adaptive (KT) entropy computed from counts alone. */
function contextStream(length: number, ones: readonly number[]): { context: number; bit: number }[] {
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  return Array.from({ length }, () => {
    const context = Math.floor(random() * ones.length);
    return { context, bit: random() < ones[context]! ? 1 : 0 };
  });
}

function adaptiveEntropyBytes(stream: readonly { context: number; bit: number }[]): number {
  const counts = new Map<number, [number, number]>();
  let bits = 0;
  for (const { context, bit } of stream) {
    const pair = counts.get(context) ?? [0.5, 0.5];
    counts.set(context, pair);
    bits -= Math.log2(pair[bit as 0 | 1] / (pair[0] + pair[1]));
    pair[bit as 0 | 1]++;
  }
  return bits / 8;
}

describe('bit models', () => {
  it.each([[[0.5]], [[0.02]], [[0.3, 0.01, 0.9]], [[0.1, 0.2, 0.4, 0.6, 0.8, 0.97]]])(
    'stay within 2 %% of the adaptive entropy of their contexts: %j',
    (ones) => {
      const stream = contextStream(40_000, ones);
      const encoder = new RangeEncoder();
      const models = new BitModels(ones.length);
      for (const { context, bit } of stream) models.code(encoder, context, bit);
      const bytes = encoder.finish();
      expect(bytes.length).toBeLessThan(1.02 * adaptiveEntropyBytes(stream));
      const decoder = new RangeDecoder(bytes);
      const again = new BitModels(ones.length);
      expect(stream.findIndex(({ context, bit }) => again.code(decoder, context, 0) !== bit)).toBe(-1);
    },
  );

  it('follow a source that changes', () => {
    const stream = [0.02, 0.5, 0.02, 0.9].flatMap((p) => contextStream(6000, [p]));
    const encoder = new RangeEncoder();
    const models = new BitModels(1);
    for (const { bit } of stream) models.code(encoder, 0, bit);
    expect(encoder.finish().length).toBeLessThan(0.8 * adaptiveEntropyBytes(stream));
  });
});

describe('codes of integers', () => {
  const roundTrip = <T>(run: (coder: BinaryCoder, values: readonly number[]) => T, values: readonly number[]): T => {
    const encoder = new RangeEncoder();
    run(encoder, values);
    return run(
      new RangeDecoder(encoder.finish()),
      values.map(() => 0),
    );
  };

  it('trees, exp-Golomb and raw bits give back every value', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.nat(300),
            fc.maxSafeNat().map((v) => Math.min(v, 2 ** 53 - 3)),
          ),
          { maxLength: 100 },
        ),
        (values) => {
          const result = roundTrip((coder, list) => {
            const models = new BitModels(EXP_GOLOMB_CONTEXTS);
            return list.map((value) => codeExpGolomb(coder, models, 0, value));
          }, values);
          expect(result).toEqual(values);
        },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 200 }), (values) => {
        const trees = (coder: BinaryCoder, list: readonly number[]) => {
          const models = new BitModels(256);
          return list.map((value) => models.codeTree(coder, 0, 8, value) + 256 * codeRaw(coder, 32, 2 ** 31 + value));
        };
        expect(roundTrip(trees, values)).toEqual(values.map((value) => value + 256 * (2 ** 31 + value)));
      }),
    );
  });

  it('a broken stream of ones is no endless integer', () => {
    const models = new BitModels(EXP_GOLOMB_CONTEXTS);
    const always: BinaryCoder = { code: () => 1 };
    expect(() => codeExpGolomb(always, models, 0, 0)).toThrow(/expected at most 53 bits/);
  });
});

describe('mixing', () => {
  it('stretch and squash are the logistic function and its inverse', () => {
    for (let p = 1; p < 65536; p += 7) expect(STRETCH[p]!).toBeCloseTo(Math.log(p / (65536 - p)), 9);
    for (let x = -11.9; x < 11.9; x += 0.037) {
      const exact = Math.min(65528, Math.max(8, 65536 / (1 + Math.exp(-x))));
      // Linear between steps of 1/128: off by at most 65536 x max|f''| / 8 / 128^2, and the floor.
      expect(Math.abs(squash(x) - exact)).toBeLessThan(1 + (65536 * 0.0963) / 8 / 128 ** 2);
    }
  });

  it('comes near the better of two predictions and takes the mean of neither', () => {
    const stream = contextStream(30_000, [0.03, 0.97]);
    const encoder = new RangeEncoder();
    const mixer = new Mixer(2, 1, 0.5, 0.002);
    const good = new BitModels(2);
    const blind = new BitModels(1);
    for (const { context, bit } of stream) {
      mixer.inputs[0] = STRETCH[good.p1(context)]!;
      mixer.inputs[1] = STRETCH[blind.p1(0)]!;
      mixer.code(encoder, 0, bit);
      good.update(context, bit);
      blind.update(0, bit);
    }
    expect(encoder.finish().length).toBeLessThan(1.05 * adaptiveEntropyBytes(stream));
  });
});
