import { Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Emitter } from '../emit/emitter.js';
import type { LossContext } from '../losses/loss.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';
import { entropy } from './entropy.js';

const ROWS = [0.5, 0.25, 0.25, 1, 0, 0, 0.1, 0.2, 0.7, 0.3, 0.3, 0.4];
const WEIGHTS = [1, 1, 2, 0];

const plogp = (values: readonly number[]): number => -values.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);

function contextOf(g: Emitter, source: Value, batch: number, sampleWeights: Value): LossContext {
  const refuse = (): never => {
    throw new Error('not asked for');
  };
  return {
    g,
    batch,
    sampleWeights,
    outputs: [],
    output: () => source,
    value: () => source,
    input: refuse,
    parameter: refuse,
  };
}

/** The loss of `data` [4, ...shape] in double. */
function lossOf(options: Parameters<typeof entropy>[0], shape: readonly number[], data: readonly number[]): number {
  const g = emptyEmitter();
  const source = g.input('source', 'float32', [4, ...shape]);
  const weights = g.constant(WEIGHTS, 'float32');
  g.output(entropy(options).build(contextOf(g, source, 4, weights)), 'loss');
  const feeds = { source: Tensor.fromNumbers('float64', [4, ...shape], data) };
  const { loss } = evaluate(g.model, feeds, { precision: 'float64' });
  expect(loss!.dims).toEqual([]);
  return loss!.toFloat64()[0]!;
}

describe('entropy', () => {
  const rows = [0, 1, 2, 3].map((i) => ROWS.slice(3 * i, 3 * i + 3));

  it('of samples is the weighted mean of theirs', () => {
    const expected = (plogp(rows[0]!) + plogp(rows[1]!) + 2 * plogp(rows[2]!)) / 4;
    expect(lossOf({ probabilities: 'p' }, [3], ROWS)).toBeCloseTo(expected, 14);
  });

  it('of the batch is that of the mean distribution', () => {
    const mean = [0, 1, 2].map((c) => (rows[0]![c]! + rows[1]![c]! + 2 * rows[2]![c]!) / 4);
    expect(lossOf({ probabilities: 'p', of: 'batch' }, [3], ROWS)).toBeCloseTo(plogp(mean), 14);
  });

  it('takes logits, of which any constant may be added to a row', () => {
    const logits = ROWS.map((p, i) => Math.log(Math.max(p, 1e-300)) + Math.floor(i / 3));
    expect(lossOf({}, [3], logits)).toBeCloseTo(lossOf({ probabilities: 'p' }, [3], ROWS), 12);
  });

  it('takes classes on another axis, and means over positions', () => {
    // Two positions of the same distribution.
    const data = rows.flatMap((row) => row.flatMap((p) => [p, p]));
    for (const kind of ['samples', 'batch'] as const) {
      const flat = lossOf({ probabilities: 'p', of: kind }, [3], ROWS);
      expect(lossOf({ probabilities: 'p', of: kind, axis: 1 }, [3, 2], data)).toBeCloseTo(flat, 14);
    }
  });

  it.each(['samples', 'batch'] as const)('has the gradient of its differences (%s)', (of) => {
    const data = ROWS.map((p) => (p + 0.1) / 1.3);
    checkGradient({ p: { shape: [4, 3], data } }, (g, { p }) =>
      entropy({ probabilities: 'p', of }).build(contextOf(g, p, 4, g.constant(WEIGHTS, 'float32'))),
    );
  });

  it('refuses contradictions', () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => entropy({ logits: 'a', probabilities: 'b' })).toThrow(code);
    expect(() => entropy({ of: 'rows' as never })).toThrow(code);
    expect(() => lossOf({ axis: 0 }, [3], ROWS)).toThrow(code);
  });
});
