import { ACCURACY_CONTROL } from './real-model.js';
import { realModelClaims } from './claims.js';
import type { VariantResult } from './measure-variant.js';

const metric = (name: string, value: number, samples = 10_000) => [{ metric: name, value, samples }];
const bytes = (ratio: number) => ({ before: 1000, after: 1000 / ratio, ratio });

function verdicts(originals: Parameters<typeof realModelClaims>[0]['originals'], variants: readonly VariantResult[]) {
  return realModelClaims({ originals, variants }).map(({ holds }) => holds);
}

describe('realModelClaims', () => {
  it('counts errors, not accuracy', () => {
    const originals = { 'lenet-5': metric('top1', 0.9934) };
    const variant = (value: number) => [
      { model: 'lenet-5', variant: 'static', bytes: bytes(4), metrics: metric('top1', value) },
    ];
    expect(verdicts(originals, variant(0.9924))).toEqual([true, true]);
    expect(verdicts(originals, variant(0.9923))).toEqual([true, false]);
  });

  it('holds PP-OCR rec to its static variant and to accuracy control, whatever the others reach', () => {
    const originals = { 'PP-OCRv4 rec': metric('cer', 0.013, 1000) };
    const rec = (variant: string, ratio: number, value: number) => ({
      model: 'PP-OCRv4 rec',
      variant,
      bytes: bytes(ratio),
      metrics: metric('cer', value, 1000),
    });
    const controlled = rec(ACCURACY_CONTROL, 3.5, 0.0159);
    const of = (...variants: ReturnType<typeof rec>[]) => verdicts(originals, variants);
    expect(of(rec('other', 3.5, 0.013), rec('static', 3.1, 0.019), controlled)).toEqual([true, false, true]);
    expect(of(rec('other', 2.9, 0.1), rec('static', 3.1, 0.018), controlled)).toEqual([true, true, true]);
    expect(of(rec('static', 2.9, 0.013), rec(ACCURACY_CONTROL, 3.4, 0.013))).toEqual([true, false, false]);
    expect(of(rec('static', 3.6, 0.013), rec(ACCURACY_CONTROL, 3.6, 0.0161))).toEqual([true, true, false]);
  });

  it('holds tinylm to its limits and a refused file against the whole', () => {
    const originals = { tinylm: metric('perplexity', 10) };
    const lm = (variant: string, value: number) => ({
      model: 'tinylm',
      variant,
      bytes: bytes(4),
      metrics: metric('perplexity', value),
    });
    const refused = { model: 'tinylm', variant: 'static', refused: 'ERR_GATE: no' };
    const both = [lm('weights int8', 10.009), lm('weights int4', 10.06)];
    expect(verdicts(originals, both)).toEqual([true, true, false]);
    expect(verdicts(originals, [...both, refused])).toEqual([false, true, false]);
  });
});
