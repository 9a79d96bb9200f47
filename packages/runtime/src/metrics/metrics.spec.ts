import { Tensor } from '@gossamer/graph';
import type { MetricBatch } from './metric.js';
import { createMetric, METRICS } from './registry.js';

const floats = (dims: readonly number[], values: readonly number[]) =>
  Tensor.of('float32', dims, Float32Array.from(values));
const labels = (values: readonly number[], dims = [values.length]) => Tensor.fromNumbers('int64', dims, values);

/** Value of a metric over batches of [outputs, batch]. */
function run(name: string, batches: readonly [Tensor, MetricBatch][], options = {}) {
  const metric = createMetric(name, options);
  for (const [logits, batch] of batches) metric.update({ logits }, batch);
  return metric.result();
}

describe('top1, top5', () => {
  const scores = floats([3, 6], [0, 1, 2, 3, 4, 5, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9]);

  it('count labels among the largest scores, the lower class first on ties', () => {
    const batch = { count: 3, labels: labels([4, 0, 3]) };
    expect(run('top1', [[scores, batch]])).toMatchObject({ value: 1 / 3, samples: 3 });
    expect(run('top5', [[scores, batch]]).value).toBe(1);
    // The row 1 1 1 1 1 9: classes 5, 0, 1, 2, 3 come first.
    expect(run('top5', [[scores, { count: 3, labels: labels([0, 5, 4]) }]]).value).toBe(0);
    expect(run('top5', [[scores, { count: 3, labels: labels([1, 4, 3]) }]]).value).toBe(1);
  });

  it('leave out the rows that fill up a batch, and do not depend on batches', () => {
    expect(run('top1', [[scores, { count: 2, labels: labels([5, 0]) }]])).toMatchObject({ value: 1, samples: 2 });
    const single = Array.from({ length: 3 }, (_, i): [Tensor, MetricBatch] => [
      floats([1, 6], [...scores.toFloat32().slice(6 * i, 6 * i + 6)]),
      { count: 1, labels: labels([[5, 0, 1][i]!]) },
    ]);
    expect(run('top1', single).value).toBe(run('top1', [[scores, { count: 3, labels: labels([5, 0, 1]) }]]).value);
  });

  it('never count NaN; refuse labels that are none', () => {
    expect(run('top1', [[floats([1, 2], [NaN, 1]), { count: 1, labels: labels([1]) }]]).value).toBe(0);
    const wrong: MetricBatch[] = [
      { count: 1 },
      { count: 1, labels: labels([2]) },
      { count: 1, labels: labels([-1]) },
      { count: 1, labels: labels([0, 1]) },
      { count: 2, labels: labels([0, 1]) },
    ];
    for (const batch of wrong) {
      expect(() => run('ece', [[floats([1, 2], [0, 1]), batch]])).toThrow(
        expect.objectContaining({ code: 'ERR_METRIC_INPUT' }),
      );
      expect(() => run('top1', [[floats([1, 2], [0, 1]), batch]])).toThrow(
        expect.objectContaining({ code: 'ERR_METRIC_INPUT' }),
      );
    }
  });

  it('take a label for each position', () => {
    const output = floats([1, 2, 2], [0, 1, 1, 0]);
    expect(run('top1', [[output, { count: 1, labels: labels([1, 1], [1, 2]) }]])).toMatchObject({
      value: 0.5,
      samples: 2,
    });
  });
});

test('class-error averages over classes and names confusions', () => {
  const scores = floats([5, 3], [1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
  const result = run('class-error', [[scores, { count: 5, labels: labels([0, 0, 0, 2, 2]) }]]);
  expect(result.value).toBeCloseTo((1 / 3 + 1 / 2) / 2, 15);
  expect(result.details!['classes']).toEqual([
    { label: 0, samples: 3, errors: 1, error: 1 / 3, confusedWith: [{ predicted: 1, count: 1 }] },
    { label: 2, samples: 2, errors: 1, error: 1 / 2, confusedWith: [{ predicted: 0, count: 1 }] },
  ]);
});

describe('ece', () => {
  it('is the weighted gap between confidence and accuracy', () => {
    // Confidences 0.75 (right), 0.75 (wrong), 0.9 (right): two bins of 10.
    const probabilities = floats([3, 2], [0.75, 0.25, 0.75, 0.25, 0.1, 0.9]);
    const { value } = run('ece', [[probabilities, { count: 3, labels: labels([0, 1, 1]) }]], { bins: 10 });
    expect(value).toBeCloseTo((2 / 3) * Math.abs(0.5 - 0.75) + (1 / 3) * Math.abs(1 - 0.9), 6);
  });

  it('puts logits through softmax first', () => {
    const logits = floats([1, 2], [Math.log(3) + 5, 5]);
    expect(run('ece', [[logits, { count: 1, labels: labels([0]) }]]).value).toBeCloseTo(0.25, 6);
  });

  it('knows probabilities in 8 bits, whose sum is not 1', () => {
    const exact = [0.9, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01, 0.004, 0.003, 0.003];
    const codes = exact.map((p) => Math.round(p * 256) / 256);
    expect(codes.reduce((a, b) => a + b)).toBe(1.00390625);
    const { value } = run('ece', [[floats([1, 10], codes), { count: 1, labels: labels([0]) }]]);
    expect(value).toBeCloseTo(1 - 230 / 256, 12);
  });

  it('counts a border in the bin below, as its source does', () => {
    const { details } = run('ece', [[floats([1, 2], [0.5, 0.5]), { count: 1, labels: labels([0]) }]], { bins: 2 });
    expect((details!['bins'] as { samples: number }[]).map(({ samples }) => samples)).toEqual([1, 0]);
  });
});

describe('agreement', () => {
  const compare = (mine: Tensor, theirs: Tensor, count: number, options = {}) =>
    run('agreement', [[mine, { count, reference: { logits: theirs } }]], options).value;

  it('compares the largest class, the side of a threshold, or values', () => {
    expect(compare(floats([2, 2], [1, 0, 0, 1]), floats([2, 2], [2, 1, 1, 0]), 2)).toBe(0.5);
    expect(compare(floats([3, 1], [0.4, 0.6, 0.5]), floats([3, 1], [0.1, 0.2, 0.9]), 3)).toBe(2 / 3);
    expect(compare(floats([2], [-3, 3]), floats([2], [-1, 1]), 2, { threshold: 0 })).toBe(1);
    expect(compare(labels([4, 5]), labels([4, 6]), 2)).toBe(0.5);
    expect(compare(labels([-1, 5]), labels([-1, 5]), 2)).toBe(1);
  });

  it('leaves out rows that fill up, and lets NaN agree with nothing', () => {
    const reference = { logits: floats([2, 2], [2, 1, 1, 0]) };
    const filled = run('agreement', [[floats([2, 2], [1, 0, 0, 1]), { count: 1, rows: 2, reference }]]);
    expect(filled).toMatchObject({ value: 1, samples: 1 });
    expect(compare(floats([1, 2], [NaN, 0]), floats([1, 2], [NaN, 0]), 1)).toBe(0);
  });
});

describe('sqnr, cosine, max-abs-error', () => {
  const compare = (name: string, mine: readonly number[], theirs: readonly number[], count = 1) =>
    run(name, [
      [
        floats([mine.length], mine),
        { count: Math.max(count, mine.length), reference: { logits: floats([theirs.length], theirs) } },
      ],
    ]).value;

  it('follow their formulas', () => {
    expect(compare('sqnr', [1, 2, 2], [1, 2, 3])).toBeCloseTo(10 * Math.log10(14), 12);
    expect(compare('cosine', [1, 1], [1, 0])).toBeCloseTo(Math.SQRT1_2, 12);
    expect(compare('max-abs-error', [1, -4, 2], [1, 2, 3])).toBe(6);
  });

  it('know equal outputs, zeros and infinities included', () => {
    for (const values of [
      [0, 0],
      [1, Infinity, -Infinity],
    ]) {
      expect(compare('sqnr', values, values)).toBe(Infinity);
      expect(compare('cosine', values, values)).toBe(1);
      expect(compare('max-abs-error', values, values)).toBe(0);
    }
  });

  it('are NaN as soon as one side is not finite where the other is', () => {
    for (const name of ['sqnr', 'cosine', 'max-abs-error']) expect(compare(name, [1, NaN], [1, 2])).toBeNaN();
  });

  it('report each output and the worst of them', () => {
    const metric = createMetric('max-abs-error');
    const reference = { a: floats([1], [1]), b: floats([1], [1]), n: labels([1]) };
    metric.update({ a: floats([1], [1.5]), b: floats([1], [3]), n: labels([7]) }, { count: 1, reference });
    expect(metric.result()).toMatchObject({ value: 2, details: { outputs: { a: 0.5, b: 2 } } });
  });

  it('refuse other shapes and missing outputs', () => {
    expect(() => compare('sqnr', [1, 2], [1])).toThrow(expect.objectContaining({ code: 'ERR_METRIC_INPUT' }));
    expect(() => run('sqnr', [[floats([1], [1]), { count: 1 }]])).toThrow(
      expect.objectContaining({ code: 'ERR_METRIC_INPUT' }),
    );
  });
});

describe('perplexity', () => {
  it('is exp of the mean negative log likelihood, without ignored targets', () => {
    const logits = floats([1, 3, 2], [0, 0, Math.log(3), 0, 5, 5]);
    const batch = { count: 1, targets: labels([0, 1, -100], [1, 3]) };
    const { value, samples, details } = run('perplexity', [[logits, batch]]);
    expect(value).toBeCloseTo(Math.sqrt(2 * 4), 6);
    expect([samples, details!['meanNll']]).toEqual([2, expect.closeTo(Math.log(8) / 2, 6)]);
  });

  it('does not overflow on large logits', () => {
    const logits = floats([1, 1, 2], [3e38, 3e38]);
    expect(run('perplexity', [[logits, { count: 1, targets: labels([0], [1, 1]) }]]).value).toBeCloseTo(2, 6);
  });

  it('refuses targets beyond the vocabulary', () => {
    const batch = { count: 1, targets: labels([2], [1, 1]) };
    expect(() => run('perplexity', [[floats([1, 1, 2], [0, 0]), batch]])).toThrow(
      expect.objectContaining({ code: 'ERR_METRIC_INPUT' }),
    );
  });
});

describe('cer, wer', () => {
  const alphabet = ['', 'a', 'b', ' '];
  /** One-hot frames, [1, T, 4]. */
  const frames = (path: readonly number[]) =>
    floats(
      [1, path.length, 4],
      path.flatMap((symbol) => [0, 1, 2, 3].map((c) => Number(c === symbol))),
    );
  const text = (value: string) => Tensor.ofStrings([1], [new TextEncoder().encode(value)]);

  it('collapse repeats, drop blanks and count edits over the reference length', () => {
    const output = frames([1, 1, 0, 1, 3, 2, 2]);
    expect(run('cer', [[output, { count: 1, targets: text('aa b') }]], { alphabet }).value).toBe(0);
    expect(run('cer', [[output, { count: 1, targets: text('aab') }]], { alphabet })).toMatchObject({
      value: 1 / 3,
      details: { edits: 1, referenceLength: 3, exact: 0 },
    });
    expect(run('wer', [[output, { count: 1, targets: text('aa a b') }]], { alphabet }).value).toBe(1 / 3);
  });

  it('sum over samples before dividing', () => {
    const results = run(
      'cer',
      [
        [frames([1]), { count: 1, targets: text('b') }],
        [frames([1, 2, 1]), { count: 1, targets: text('aba') }],
      ],
      { alphabet },
    );
    expect(results).toMatchObject({ value: 1 / 4, samples: 2 });
  });

  it('take classes as targets, filled up with -1, and other layouts and blanks', () => {
    const targets = labels([1, 2, -1], [1, 3]);
    expect(run('cer', [[frames([1, 2]), { count: 1, targets }]]).value).toBe(0);
    const timeFirst = frames([1, 3, 2]).reshaped([3, 1, 4]);
    expect(run('cer', [[timeFirst, { count: 1, targets }]], { layout: 'TNC', blank: 'last' }).value).toBe(0);
  });

  it('need an alphabet for text and words', () => {
    const cases: [string, Tensor][] = [
      ['cer', text('a')],
      ['wer', text('a')],
      ['wer', labels([1], [1, 1])],
    ];
    for (const [name, targets] of cases) {
      expect(() => run(name, [[frames([1]), { count: 1, targets }]])).toThrow(
        expect.objectContaining({ code: 'ERR_METRIC_INPUT' }),
      );
    }
  });
});

test('unknown metrics are named', () => {
  expect(() => createMetric('accuracy')).toThrow(expect.objectContaining({ code: 'ERR_METRIC' }));
  for (const name of Object.keys(METRICS)) expect(createMetric(name).name).toBe(name);
});

describe('mean-squared-error', () => {
  it('is the mean over samples and positions, without rows that are padding', () => {
    const outputs = floats([3, 2], [1, 2, 3, 4, 99, 99]);
    const targets = floats([2, 2], [1, 0, 0, 4]);
    const last = floats([1, 2], [2, 2]);
    const parts: [Tensor, MetricBatch][] = [
      [outputs, { count: 2, targets }],
      [last, { count: 1, targets: floats([1, 2], [2, 1]) }],
    ];
    expect(run('mean-squared-error', parts)).toMatchObject({ value: (4 + 9 + 1) / 6, samples: 6 });
  });

  it('refuses targets of another size', () => {
    const metric = createMetric('mean-squared-error');
    expect(() =>
      metric.update({ y: floats([2, 2], [1, 2, 3, 4]) }, { count: 2, targets: floats([2], [1, 2]) }),
    ).toThrow(expect.objectContaining({ code: 'ERR_METRIC_INPUT' }) as Error);
  });
});
