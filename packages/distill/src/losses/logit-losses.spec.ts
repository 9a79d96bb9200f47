import { checkLossGradient, evaluateLoss, given, type Given, type LossCase } from '../testing/check-loss.js';
import { columns, kl, mean, pearson, rows, softmax, sum } from '../testing/formulas.js';
import { correlation } from './correlation.js';
import { decoupled } from './decoupled.js';
import { hardLabels } from './hard-labels.js';
import { hinton } from './hinton.js';
import { logitLoss, type LogitLossName, LOGIT_LOSSES } from './logit-losses.js';
import { logitMse } from './logit-mse.js';

const CLASSES = 5;
const BATCH = 4;
const code = expect.objectContaining({ code: 'ERR_DISTILL_OPTIONS' }) as Error;
const names = Object.keys(LOGIT_LOSSES) as LogitLossName[];

const pair = (student: Given, teacher: Given): LossCase => ({
  student: { logits: student },
  teacher: { logits: teacher },
  labels: Array.from({ length: student.shape[0]! }, (_, i) => (3 * i + 1) % student.shape.at(-1)!),
});
const logits = (seed: number, range = 4) => given([BATCH, CLASSES], seed, range);
const asked = pair(logits(1), logits(2));
const z = rows(asked.student['logits']!.data, CLASSES);
const t = rows(asked.teacher['logits']!.data, CLASSES);
const perSample = (formula: (z: readonly number[], t: readonly number[], label: number) => number) =>
  mean(z.map((row, i) => formula(row, t[i]!, asked.labels![i]!)));
/** Sums of some ten float64 terms of magnitude up to 100. Graphs hold 1 / T in float32, exact for powers of 2. */
const close = (received: number, expected: number) => expect(Math.abs(received - expected)).toBeLessThan(1e-12);

describe('hinton', () => {
  test.each([0.5, 1, 16])('is T^2 KL of the distributions at T = %d', (temperature) => {
    const expected = perSample((a, b) => temperature ** 2 * kl(softmax(b, temperature), softmax(a, temperature)));
    close(evaluateLoss(hinton({ temperature }), asked).value, expected);
  });

  test('is 0 where student and teacher agree, its gradients too', () => {
    const { value, gradients } = evaluateLoss(hinton(), pair(logits(1), logits(1)));
    close(value, 0);
    gradients['logits']!.forEach((x) => close(x, 0));
  });

  test('has the gradient T (q - p) / n: of one size whatever T is', () => {
    const temperature = 8;
    const { gradients } = evaluateLoss(hinton({ temperature }), asked);
    const expected = z.flatMap((row, i) => {
      const [q, p] = [softmax(row, temperature), softmax(t[i]!, temperature)];
      return q.map((x, c) => (temperature * (x - p[c]!)) / BATCH);
    });
    gradients['logits']!.forEach((x, i) => close(x, expected[i]!));
  });
});

describe('decoupled', () => {
  const parts = (temperature: number) => (a: readonly number[], b: readonly number[], label: number) => {
    const [q, p] = [softmax(a, temperature), softmax(b, temperature)];
    const binary = (x: readonly number[]) => [x[label]!, 1 - x[label]!];
    const others = (x: readonly number[]) => x.filter((_, c) => c !== label).map((v) => v / (1 - x[label]!));
    return { target: kl(binary(p), binary(q)), rest: kl(others(p), others(q)), share: p[label]! };
  };

  test.each([1, 4])('is T^2 (alpha TCKD + beta NCKD) at T = %d', (temperature) => {
    const expected = perSample((a, b, label) => {
      const { target, rest } = parts(temperature)(a, b, label);
      return temperature ** 2 * (0.5 * target + 3 * rest);
    });
    close(evaluateLoss(decoupled({ temperature, alpha: 0.5, beta: 3 }), asked).value, expected);
  });

  test('KD = TCKD + (1 - p_t[label]) NCKD, of each sample', () => {
    for (let i = 0; i < BATCH; i++) {
      const one = pair({ shape: [1, CLASSES], data: z[i]! }, { shape: [1, CLASSES], data: t[i]! });
      const { share } = parts(4)(z[i]!, t[i]!, one.labels![0]!);
      const expected = evaluateLoss(hinton(), one).value;
      // beta is a float32 in the graph: half a unit of its last place.
      expect(Math.abs(evaluateLoss(decoupled({ beta: 1 - share }), one).value - expected)).toBeLessThan(
        2 ** -24 * expected,
      );
    }
  });

  test('sees how wrong a student is that finds all other classes impossible', () => {
    const sure = { shape: [1, 3], data: [0, 400, 0] };
    const unsure = { shape: [1, 3], data: [0, 0, 0] };
    const { value, gradients } = evaluateLoss(decoupled({ temperature: 1 }), pair(sure, unsure));
    // TCKD = log terms of (1/3, 2/3) against (1, 2 exp(-400)); NCKD = 0.
    const expected = (1 / 3) * Math.log(1 / 3) + (2 / 3) * (Math.log(2 / 3) - (Math.log(2) - 400));
    expect(Math.abs(value - expected)).toBeLessThan(1e-10);
    expect(Math.abs(gradients['logits']![1]! - 2 / 3)).toBeLessThan(1e-10);
  });
});

describe('correlation', () => {
  test('is T^2 (beta (1 - rho of rows) + gamma (1 - rho of columns))', () => {
    const temperature = 2;
    const [q, p] = [z, t].map((side) => side.map((row) => softmax(row, temperature))) as [number[][], number[][]];
    const between = mean(q.map((row, i) => 1 - pearson(row, p[i]!)));
    const columnsOfP = columns(p);
    const within = mean(columns(q).map((column, c) => 1 - pearson(column, columnsOfP[c]!)));
    const received = evaluateLoss(correlation({ temperature, beta: 3, gamma: 0.5 }), asked).value;
    // 1e-8 in the denominators, of norms down to 0.02.
    expect(Math.abs(received - 4 * (3 * between + 0.5 * within))).toBeLessThan(1e-3 * 4);
    expect(Math.abs(received - 4 * (3 * between + 0.5 * within))).toBeLessThan(3.5 * 4 * (1e-8 / 0.02 ** 2));
  });

  test('asks for the preferences alone: affine changes of the probabilities do not count', () => {
    const p = t.map((row) => softmax(row));
    // a p + (1 - a) / classes is a distribution of its own, an affine image of p with the same a for all samples.
    const moved = p.map((row) => row.map((x) => Math.log(0.6 * x + 0.4 / CLASSES)));
    const student = { shape: [BATCH, CLASSES], data: moved.flat() };
    const { value } = evaluateLoss(correlation({ temperature: 1 }), pair(student, logits(2)));
    // 1 - rho is 1e-8 / (product of norms, above 1e-3) here.
    expect(value).toBeLessThan(1e-4);
  });

  test('a student that does not vary has the loss beta + gamma, and finite gradients', () => {
    const flat = { shape: [BATCH, CLASSES], data: Array.from({ length: BATCH * CLASSES }, () => 0) };
    const { value, gradients } = evaluateLoss(correlation({ temperature: 1 }), pair(flat, logits(2)));
    close(value, 4);
    expect(gradients['logits']!.every(Number.isFinite)).toBe(true);
  });
});

test('logit-mse is half the squared distance of the logits', () => {
  close(
    evaluateLoss(logitMse(), asked).value,
    perSample((a, b) => 0.5 * sum(a.map((x, c) => (x - b[c]!) ** 2))),
  );
});

test("hard-labels is the cross-entropy with the teacher's best class", () => {
  const expected = perSample((a, b) => -Math.log(softmax(a)[b.indexOf(Math.max(...b))]!));
  close(evaluateLoss(hardLabels(), asked).value, expected);
});

describe.each(names)('%s', (name) => {
  const loss = logitLoss(name, { temperature: 2 });

  test('has the gradients of finite differences', () => {
    checkLossGradient(loss, asked);
    checkLossGradient(loss, { ...asked, weights: [1, 0, 1, 1] });
  });

  test('does not see samples that weigh nothing', () => {
    const three = { shape: [3, CLASSES], data: z.slice(0, 3).flat() };
    const alone = evaluateLoss(loss, pair(three, { shape: [3, CLASSES], data: t.slice(0, 3).flat() }));
    const padded = evaluateLoss(loss, { ...asked, weights: [1, 1, 1, 0] });
    // The order of sums differs.
    expect(Math.abs(padded.value - alone.value)).toBeLessThan(1e-12);
    alone.gradients['logits']!.forEach((x, i) => close(padded.gradients['logits']![i]!, x));
    padded.gradients['logits']!.slice(3 * CLASSES).forEach((x) => close(x, 0));
  });

  test('a batch of padding alone is finite', () => {
    const { value, gradients } = evaluateLoss(loss, { ...asked, weights: [0, 0, 0, 0], precision: 'float32' });
    expect([value, ...gradients['logits']!].every(Number.isFinite)).toBe(true);
  });

  test.each([0.5, 1, 20])('stays finite in float32 where logits are 1e4 apart, T = %d', (temperature) => {
    const extreme = (offset: number) => ({
      shape: [BATCH, CLASSES],
      data: Array.from({ length: BATCH * CLASSES }, (_, i) => ((i + offset) % 3 === 0 ? 1e4 : (i % 2) * -1e4)),
    });
    const at = logitLoss(name, { temperature });
    for (const [a, b] of [
      [extreme(0), extreme(1)],
      [extreme(0), extreme(0)],
      [logits(1), extreme(1)],
      [extreme(1), logits(1)],
    ] as const) {
      const { value, gradients } = evaluateLoss(at, { ...pair(a, b), precision: 'float32' });
      expect([value, ...gradients['logits']!].every(Number.isFinite)).toBe(true);
      if (a.data === b.data && name !== 'hard-labels' && name !== 'correlation') expect(value).toBe(0);
    }
  });

  test('takes the classes of images from axis 1', () => {
    const [height, width] = [2, 3];
    const images = (seed: number) => given([2, CLASSES, height, width], seed, 3);
    const asRows = ({ data }: Given) => ({
      shape: [2 * height * width, CLASSES],
      data: Array.from({ length: 2 * height * width * CLASSES }, (_, i) => {
        const [row, c] = [Math.floor(i / CLASSES), i % CLASSES];
        const [n, at] = [Math.floor(row / (height * width)), row % (height * width)];
        return data[(n * CLASSES + c) * height * width + at]!;
      }),
    });
    const labels = Array.from({ length: 12 }, (_, i) => i % CLASSES);
    const flat = { ...pair(asRows(images(3)), asRows(images(4))), labels };
    const whole = { ...pair(images(3), images(4)), labels, labelsShape: [2, height, width] };
    close(evaluateLoss(loss, whole).value, evaluateLoss(loss, flat).value);
  });
});

test.each([0, -1, NaN, Infinity])('temperature %d is refused', (temperature) => {
  for (const make of [hinton, decoupled, correlation]) expect(() => make({ temperature })).toThrow(code);
});

test('weights that are no numbers > 0, and unknown names, are refused', () => {
  expect(() => decoupled({ alpha: 0 })).toThrow(code);
  expect(() => decoupled({ beta: -1 })).toThrow(code);
  expect(() => correlation({ gamma: NaN })).toThrow(code);
  expect(() => logitLoss('crd' as LogitLossName, {})).toThrow(code);
  expect(() => logitLoss('toString' as LogitLossName, {})).toThrow(code);
});
