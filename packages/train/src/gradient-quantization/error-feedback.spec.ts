import { dorefa } from './dorefa.js';
import { ErrorFeedback } from './error-feedback.js';
import type { GradientQuantizer } from './gradient-quantizer.js';
import { qsgd } from './qsgd.js';
import { GRADIENT_QUANTIZERS } from './registry.js';
import { sign } from './sign.js';
import { sampleGradient } from './testing/check-unbiased.js';

const LENGTH = 128;
const STEPS = 200;

const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

/** The same gradient again and again: sums of what was sent, the largest residual. */
function run(quantizer: GradientQuantizer) {
  const feedback = new ErrorFeedback(quantizer);
  const gradient = sampleGradient(LENGTH);
  const sent = new Float64Array(LENGTH);
  let largest = 0;
  for (let step = 0; step < STEPS; step++) {
    const copy = gradient.slice();
    feedback.quantize('w', copy, { seed: 3, stream: 5, step });
    copy.forEach((value, i) => (sent[i]! += value));
    largest = Math.max(largest, norm(feedback.residuals().get('w')!));
  }
  return { gradient, sent, residual: feedback.residuals().get('w')!, largest };
}

describe('ErrorFeedback', () => {
  it.each([sign(), qsgd(), qsgd({ levels: 1 }), dorefa({ bits: 2 })])(
    '$name: sent and residual are the sum of all gradients',
    (quantizer) => {
      const { gradient, sent, residual, largest } = run(quantizer);
      // A step rounds g + e, the scaled result's own bits not, and p - sent: twice half a unit of numbers below the largest residual + |g|.
      const bound = STEPS * 2 * 2 ** -24 * (largest + norm(gradient));
      gradient.forEach((g, i) => expect(Math.abs(sent[i]! + residual[i]! - STEPS * g)).toBeLessThan(bound));
    },
  );

  /**
   * Lemma 3 of Karimireddy et al.: with |Q(p) - p|^2 <= (1 - d) |p|^2 residuals keep |e|^2 <= 4 (1 - d) / d^2 |g|^2. Of the sign d >= 1 / n (its worst
   * case); of scaled QSGD 1 / d <= 1 + sqrt(n) / s in the mean over draws, and 100 times a mean square is exceeded once in 100 (Markov).
   */
  it('keeps residuals bounded', () => {
    const size = norm(sampleGradient(LENGTH));
    const bound = (d: number): number => Math.sqrt((4 * (1 - d)) / d ** 2) * size;
    expect(run(sign()).largest).toBeLessThan(bound(1 / LENGTH));
    expect(run(qsgd({ levels: 1 })).largest).toBeLessThan(10 * bound(1 / (1 + Math.sqrt(LENGTH))));
  });

  it('brings the mean of what one bit sends to the gradient', () => {
    const { gradient, sent, residual } = run(sign());
    const alone = gradient.slice();
    sign().quantize(alone, { seed: 0, stream: 0, step: 0 });
    const distance = (values: ArrayLike<number>): number => norm(Array.from(values, (v, i) => v - gradient[i]!));
    // By the identity above it is the residual over the steps; alone it stays where it is.
    expect(distance(sent.map((s) => s / STEPS))).toBeCloseTo(norm(residual) / STEPS, 4);
    expect(norm(residual) / STEPS).toBeLessThan(distance(alone) / 5);
  });

  it('goes on from its residuals', () => {
    const first = new ErrorFeedback(qsgd());
    const place = (step: number) => ({ seed: 1, stream: 1, step });
    first.quantize('w', sampleGradient(20), place(0));
    const second = new ErrorFeedback(qsgd());
    second.restore(first.residuals());
    const [a, b] = [sampleGradient(20), sampleGradient(20)];
    first.quantize('w', a, place(1));
    second.quantize('w', b, place(1));
    expect(a).toEqual(b);
    expect(first.residuals()).toEqual(second.residuals());
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => first.quantize('w', new Float32Array(3), place(2))).toThrow(code);
  });

  it('sign sends the mean magnitude', () => {
    const gradient = Float32Array.of(3, -1, 0, -4);
    expect(sign().quantize(gradient, { seed: 0, stream: 0, step: 0 })).toEqual({ bits: 36, variance: 0 });
    expect([...gradient]).toEqual([2, -2, 2, -2]);
    for (const [name, make] of Object.entries(GRADIENT_QUANTIZERS)) expect(make().name).toBe(name);
  });
});
