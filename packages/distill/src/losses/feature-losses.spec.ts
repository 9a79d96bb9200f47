import type { Loss } from '@gossamer/train';
import { checkLossGradient, evaluateLoss, given, type Given, type LossCase } from '../testing/check-loss.js';
import { dot, huber, kl, mean, rows, softmax, sum } from '../testing/formulas.js';
import { attentionRelations } from './attention-relations.js';
import { attentionTransfer } from './attention-transfer.js';
import { hint } from './hint.js';
import { relationalAngle, relationalDistance } from './relational.js';

const code = expect.objectContaining({ code: 'ERR_DISTILL_OPTIONS' }) as Error;
/** Sums of some hundred float64 terms of magnitude about 1, and 1e-12 under roots. */
const close = (received: number, expected: number) => expect(Math.abs(received - expected)).toBeLessThan(1e-9);

const pair = (student: Given, teacher: Given): LossCase => ({ student: { s: student }, teacher: { t: teacher } });
const options = (teacher: Given) => ({ student: 's', teacher: 't', teacherShape: teacher.shape });
const samplesOf = ({ shape, data }: Given) => rows(data, data.length / shape[0]!);
const firstOf = (count: number, { shape, data }: Given): Given => ({
  shape: [count, ...shape.slice(1)],
  data: data.slice(0, (data.length / shape[0]!) * count),
});

/** Holds padding to no influence: 3 of 4 samples count, as when there are 3. */
function checkPadding(make: (teacher: (item: Given) => Given) => Loss, asked: LossCase): void {
  const cut = (items: Readonly<Record<string, Given>>) =>
    Object.fromEntries(Object.entries(items).map(([name, item]) => [name, firstOf(3, item)]));
  const alone = evaluateLoss(
    make((item) => firstOf(3, item)),
    { student: cut(asked.student), teacher: cut(asked.teacher) },
  );
  const padded = evaluateLoss(
    make((item) => item),
    { ...asked, weights: [1, 1, 1, 0] },
  );
  close(padded.value, alone.value);
  for (const name of Object.keys(asked.student)) {
    const { shape, data } = asked.student[name]!;
    const of = (data.length / shape[0]!) * 3;
    alone.gradients[name]!.forEach((x, i) => close(padded.gradients[name]![i]!, x));
    padded.gradients[name]!.slice(of).forEach((x) => close(x, 0));
  }
}

describe('hint', () => {
  const [vectors, taller] = [given([4, 3], 1), given([4, 5], 2)];
  const [images, deeper] = [given([4, 2, 3, 2], 3), given([4, 3, 3, 2], 4)];

  test('is half the mean squared distance of the teacher and a linear map of the student', () => {
    const { value, parameters } = evaluateLoss(hint(options(taller)), pair(vectors, taller));
    const matrix = rows(parameters['regressor/s']!.data, 5);
    expect(parameters['regressor/s']!.shape).toEqual([3, 5]);
    const expected = mean(
      samplesOf(vectors).map((row, i) => {
        const mapped = matrix[0]!.map((_, c) => sum(row.map((x, r) => x * matrix[r]![c]!)));
        return mean(mapped.map((x, c) => (x - samplesOf(taller)[i]![c]!) ** 2)) / 2;
      }),
    );
    close(value, expected);
  });

  test('has a 1 x 1 convolution over images', () => {
    const { value, parameters } = evaluateLoss(hint(options(deeper)), pair(images, deeper));
    const kernel = rows(parameters['regressor/s']!.data, 2);
    expect(parameters['regressor/s']!.shape).toEqual([3, 2, 1, 1]);
    const expected = mean(
      samplesOf(images).map((sample, n) => {
        const channels = rows(sample, 6);
        const wanted = rows(samplesOf(deeper)[n]!, 6);
        return (
          mean(
            kernel.flatMap((k, c) =>
              wanted[c]!.map((x, at) => (k[0]! * channels[0]![at]! + k[1]! * channels[1]![at]! - x) ** 2),
            ),
          ) / 2
        );
      }),
    );
    close(value, expected);
  });

  test('trains student and regressor', () => {
    checkLossGradient(hint(options(taller)), pair(vectors, taller));
    checkLossGradient(hint(options(deeper)), pair(images, deeper));
    checkPadding((cut) => hint(options(cut(taller))), pair(vectors, taller));
  });

  test('its first weights are those of the seed, in +-1 / sqrt(inputs)', () => {
    const weights = (seed: number) =>
      evaluateLoss(hint({ ...options(taller), seed }), pair(vectors, taller)).parameters['regressor/s']!.data;
    expect(weights(0)).toEqual(weights(0));
    expect(weights(1)).not.toEqual(weights(0));
    expect(weights(0).every((x) => Math.abs(x) <= 1 / Math.sqrt(3))).toBe(true);
  });

  test('values that differ in more than channels are refused', () => {
    expect(() => evaluateLoss(hint(options(images)), pair(vectors, images))).toThrow(code);
    const smaller = given([4, 3, 2, 2], 5);
    expect(() => evaluateLoss(hint(options(smaller)), pair(images, smaller))).toThrow(code);
  });
});

describe('attention transfer', () => {
  const [student, teacher] = [given([4, 2, 2, 3], 1), given([4, 5, 2, 3], 2)];
  const loss = attentionTransfer(options(teacher));
  const map = (sample: readonly number[]) => {
    const energy = Array.from({ length: 6 }, (_, at) => sum(rows(sample, 6).map((channel) => channel[at]! ** 2)));
    return energy.map((x) => x / Math.sqrt(dot(energy, energy)));
  };

  test('is the mean squared distance of maps of energy of norm 1', () => {
    const expected = mean(
      samplesOf(student).map((sample, i) => {
        const wanted = map(samplesOf(teacher)[i]!);
        return mean(map(sample).map((x, at) => (x - wanted[at]!) ** 2));
      }),
    );
    close(evaluateLoss(loss, pair(student, teacher)).value, expected);
  });

  test('has the gradients of finite differences, and does not see padding', () => {
    checkLossGradient(loss, pair(student, teacher));
    checkPadding((cut) => attentionTransfer(options(cut(teacher))), pair(student, teacher));
  });

  test('does not depend on the size of the features', () => {
    const scaled = { ...student, data: student.data.map((x) => 50 * x) };
    close(evaluateLoss(loss, pair(scaled, teacher)).value, evaluateLoss(loss, pair(student, teacher)).value);
  });

  test('a map of zeros is finite', () => {
    const zeros = { ...student, data: student.data.map(() => 0) };
    const { value, gradients } = evaluateLoss(loss, { ...pair(zeros, teacher), precision: 'float32' });
    expect([value, ...gradients['s']!].every(Number.isFinite)).toBe(true);
  });

  test('maps of other sizes, and vectors, are refused', () => {
    const other = given([4, 5, 3, 3], 2);
    expect(() => evaluateLoss(attentionTransfer(options(other)), pair(student, other))).toThrow(code);
    expect(() =>
      evaluateLoss(attentionTransfer(options(given([4, 5], 1))), pair(given([4, 5], 1), given([4, 5], 1))),
    ).toThrow(code);
  });
});

describe('relational', () => {
  const [student, teacher] = [given([4, 3], 1), given([4, 2, 3], 2)];
  const asked = pair(student, teacher);
  const others = (n: number) =>
    Array.from({ length: n * n }, (_, i) => [Math.floor(i / n), i % n] as const).filter(([i, j]) => i !== j);

  test('distance is the mean Huber loss of distances over their mean', () => {
    const relation = (samples: readonly (readonly number[])[]) => {
      const all = others(4).map(([i, j]) => Math.sqrt(sum(samples[i]!.map((x, c) => (x - samples[j]![c]!) ** 2))));
      return all.map((x) => x / mean(all));
    };
    const wanted = relation(samplesOf(teacher));
    const expected = mean(relation(samplesOf(student)).map((x, i) => huber(x - wanted[i]!)));
    close(evaluateLoss(relationalDistance(options(teacher)), asked).value, expected);
  });

  test('angle is the mean Huber loss of cosines of triples', () => {
    const relation = (samples: readonly (readonly number[])[]) =>
      others(4).flatMap(([j, i]) =>
        [0, 1, 2, 3]
          .filter((k) => k !== j)
          .map((k) => {
            const [a, b] = [i, k].map((at) => samples[at]!.map((x, c) => x - samples[j]![c]!)) as [number[], number[]];
            return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
          }),
      );
    const wanted = relation(samplesOf(teacher));
    const expected = mean(relation(samplesOf(student)).map((x, i) => huber(x - wanted[i]!)));
    close(evaluateLoss(relationalAngle(options(teacher)), asked).value, expected);
  });

  test.each([
    ['distance', relationalDistance],
    ['angle', relationalAngle],
  ] as const)('%s: gradients, padding, invariances, extremes', (_, make) => {
    const loss = make(options(teacher));
    checkLossGradient(loss, asked);
    checkPadding((cut) => make(options(cut(teacher))), asked);
    // Moved and scaled alike, samples stand to each other as before.
    const moved = { ...student, data: student.data.map((x, i) => 3 * x + (i % 3)) };
    close(evaluateLoss(loss, pair(moved, teacher)).value, evaluateLoss(loss, asked).value);
    for (const data of [student.data.map(() => 1), student.data.map((x) => 1e4 * x)]) {
      const { value, gradients } = evaluateLoss(loss, { ...pair({ ...student, data }, teacher), precision: 'float32' });
      expect([value, ...gradients['s']!].every(Number.isFinite)).toBe(true);
    }
  });
});

describe('attention relations', () => {
  // Widths whose roots are exact: graphs hold their quotients in float32.
  const [heads, positions] = [2, 3];
  const part = (width: number, seed: number) => given([4, heads, positions, width], seed, 2);
  const student = { q: part(4, 1), k: part(4, 2), v: part(4, 3) };
  const teacher = { q: part(16, 4), k: part(16, 5), v: part(16, 6) };
  const names = { query: 'q', key: 'k', value: 'v' };
  const make = (shape: readonly number[]) =>
    attentionRelations({ student: names, teacher: names, teacherShape: shape });
  const relations = (items: typeof student, width: number, a: 'q' | 'v', b: 'k' | 'v') =>
    Array.from({ length: 4 * heads }, (_, h) => {
      const [x, y] = [a, b].map((name) => rows(rows(items[name].data, positions * width)[h]!, width)) as [
        number[][],
        number[][],
      ];
      return x.map((row) => softmax(y.map((other) => dot(row, other) / Math.sqrt(width))));
    }).flat();

  test('are the mean divergences of softmax(Q K^T / sqrt(d)) and softmax(V V^T / sqrt(d))', () => {
    const expected = (['qk', 'vv'] as const).map((both) => {
      const [a, b] = [both[0] as 'q' | 'v', both[1] as 'k' | 'v'];
      const wanted = relations(teacher, 16, a, b);
      return mean(relations(student, 4, a, b).map((row, i) => kl(wanted[i]!, row)));
    });
    close(evaluateLoss(make(teacher.q.shape), { student, teacher }).value, sum(expected));
  });

  test('have the gradients of finite differences, and do not see padding', () => {
    checkLossGradient(make(teacher.q.shape), { student, teacher });
    checkPadding((cut) => make(cut(teacher.q).shape), { student, teacher });
  });

  test('are 0 between like models', () => {
    close(evaluateLoss(make(student.q.shape), { student, teacher: student }).value, 0);
  });

  test('other numbers of heads are refused', () => {
    expect(() => evaluateLoss(make([4, 3, positions, 16]), { student, teacher })).toThrow(code);
  });
});
