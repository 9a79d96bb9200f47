import { GraphBuilder, inferTypes, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays, type DataSource } from '@gossamer/runtime';
import { groupsOf } from '../groups/groups-of.js';
import { maskModel } from '../surgery/mask-model.js';
import { noise } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import type { GroupContext, GroupScores } from './group-criterion.js';
import { findGroupCriterion } from './registry.js';

const [SAMPLES, SIZE, CHANNELS, CLASSES] = [12, 6, 5, 3];
const w1 = noise([CHANNELS, 1, 3, 3], 1);
const b1 = noise([CHANNELS], 2);
const gamma = noise([CHANNELS], 3);
const w2 = noise([CHANNELS, CLASSES], 4);
const zeros = new Float32Array(CHANNELS);
const labels = Array.from({ length: SAMPLES }, (_, i) => (i * i) % CLASSES);
const x = noise([SAMPLES, 1, SIZE, SIZE], 9);

/** Conv (no padding), BatchNormalization whose variance and epsilon (1e-5) are 1 together, Relu, mean over space, MatMul: small enough for an oracle by hand. */
function net(withNorm = true): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const floats = (t: Tensor) => t.toFloat32();
  const input = g.input('x', 'float32', ['n', 1, SIZE, SIZE]);
  const weight = g.weight('w1', [CHANNELS, 1, 3, 3], floats(w1));
  const conv = g.op('Conv', [input, weight, g.weight('b1', [CHANNELS], floats(b1))], {}, { name: 'conv' });
  const statistics = [
    g.weight('mean', [CHANNELS], zeros),
    g.weight(
      'var',
      [CHANNELS],
      zeros.map(() => 1 - 1e-5),
    ),
  ];
  const scale = g.weight('gamma', [CHANNELS], floats(gamma));
  const normed = withNorm
    ? g.op(
        'BatchNormalization',
        [conv, scale, g.weight('beta', [CHANNELS], zeros), ...statistics],
        {},
        { name: 'norm' },
      )
    : conv;
  const mean = g.op('ReduceMean', [g.op('Relu', [normed])], { axes: [2, 3], keepdims: 0 });
  const head = g.op('MatMul', [mean, g.weight('w2', [CHANNELS, CLASSES], floats(w2))], {}, { name: 'head' });
  return g.output(head, 'y', 'float32', ['n', CLASSES]).model();
}

const arrays = { x, labels: Tensor.of('int64', [SAMPLES], BigInt64Array.from(labels, BigInt)) };
const labelled = dataFromArrays(arrays);

async function scoresOf(
  name: string,
  model: Model,
  data?: DataSource,
): Promise<{ scores: GroupScores[]; warnings: string[] }> {
  const warnings: string[] = [];
  const types = inferTypes(model);
  const context: GroupContext = {
    ...{ model, types, groups: groupsOf(model, {}, types).groups, data, samples: 100, seed: 0, threads: 1 },
    ...{ signal: undefined, onProgress: () => undefined, warn: (text) => warnings.push(text) },
  };
  return { scores: await findGroupCriterion(name).score(context), warnings };
}

/** Activations behind the Relu, [sample][channel][place], in float64. */
function activations(withNorm = true): number[][][] {
  const [image, weight] = [x.toFloat64(), w1.toFloat64()];
  const side = SIZE - 2;
  return Array.from({ length: SAMPLES }, (_, n) =>
    Array.from({ length: CHANNELS }, (__, c) =>
      Array.from({ length: side * side }, (___, place) => {
        let sum = b1.toFloat64()[c]!;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++)
            sum +=
              weight[c * 9 + i * 3 + j]! *
              image[n * SIZE * SIZE + (Math.floor(place / side) + i) * SIZE + (place % side) + j]!;
        return Math.max(0, sum * (withNorm ? gamma.toFloat64()[c]! : 1));
      }),
    ),
  );
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const expectClose = (found: GroupScores | undefined, expected: readonly number[], error = 1e-6) => {
  expect(found).toBeInstanceOf(Float64Array);
  const largest = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) =>
    expect(Math.abs((found as Float64Array)[i]! - value)).toBeLessThanOrEqual(error * largest),
  );
};
const channels = Array.from({ length: CHANNELS }, (_, c) => c);
const slice = (tensor: Tensor, c: number, size: number) => [...tensor.toFloat64().subarray(c * size, (c + 1) * size)];

test('magnitude: filter, bias, scale, and the row of the layer that reads it', async () => {
  const all = (c: number) => [...slice(w1, c, 9), b1.toFloat64()[c]!, gamma.toFloat64()[c]!, ...slice(w2, c, CLASSES)];
  const { scores } = await scoresOf('magnitude-l1', net());
  expectClose(
    scores[0],
    channels.map((c) => all(c).reduce((sum, w) => sum + Math.abs(w), 0)),
  );
  const { scores: squares } = await scoresOf('magnitude-l2', net());
  expectClose(
    squares[0],
    channels.map((c) => Math.hypot(...all(c))),
  );
});

test('geometric median: sum of distances to the other filters; batch norm: |gamma|, and no score without one', async () => {
  const distance = (a: number, b: number) => Math.hypot(...slice(w1, a, 9).map((w, i) => w - slice(w1, b, 9)[i]!));
  const { scores } = await scoresOf('geometric-median', net());
  expectClose(
    scores[0],
    channels.map((c) => channels.reduce((sum, other) => sum + distance(c, other), 0)),
  );
  expectClose((await scoresOf('batch-norm', net())).scores[0], [...gamma.toFloat64()].map(Math.abs));
  expect((await scoresOf('batch-norm', net(false))).scores).toEqual(['no batch normalization is behind it']);
});

/** Mean cross-entropy with a channel's filter, bias, scale multiplied by `gate`. */
function lossWith(channel: number, gate: number, withNorm: boolean): number {
  const behind = activations(withNorm);
  const weight = w2.toFloat64();
  const power = withNorm ? gate * gate : gate;
  return meanOf(
    behind.map((sample, n) => {
      const means = sample.map((values, c) => meanOf(values) * (c === channel ? power : 1));
      const scores = Array.from({ length: CLASSES }, (_, k) =>
        means.reduce((sum, m, c) => sum + m * weight[c * CLASSES + k]!, 0),
      );
      return Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0)) - scores[labels[n]!]!;
    }),
  );
}

test.each([true, false])(
  'taylor: the squared slope of the loss along the gate of what masking sets to 0 (norm: %s)',
  async (withNorm) => {
    const { scores, warnings } = await scoresOf('taylor', net(withNorm), labelled);
    const h = 1e-4;
    // Central differences: an error of h² beside a slope of 0.1; gradients are float32.
    const slopes = channels.map((c) => (lossWith(c, 1 + h, withNorm) - lossWith(c, 1 - h, withNorm)) / (2 * h));
    expectClose(
      scores[0],
      slopes.map((slope) => slope ** 2),
      1e-4,
    );
    expect(warnings).toEqual([]);
  },
);

test('taylor draws the labels that the data lack, and says so', async () => {
  const { scores, warnings } = await scoresOf('taylor', net(), dataFromArrays({ x }));
  expect((scores[0] as Float64Array).some((score) => score > 0)).toBe(true);
  expect(warnings[0]).toMatch(/expected labels, received none/);
});

test('ablation: the loss without the unit, as ONNX Runtime gives it for the masked model; without labels the KL', async () => {
  const model = net();
  const [{ units }] = groupsOf(model).groups as [ReturnType<typeof groupsOf>['groups'][number]];
  const { scores } = await scoresOf('ablation', model, labelled);
  expectClose(
    scores[0],
    channels.map((c) => lossWith(c, 0, true) - lossWith(0, 1, true)),
    1e-5,
  );
  const softmaxes = async (each: Model) => {
    const y = (await runOrt(each, { x }))['y']!.toFloat64();
    return Array.from({ length: SAMPLES }, (_, n) => {
      const powers = [...y.subarray(n * CLASSES, (n + 1) * CLASSES)].map(Math.exp);
      return powers.map((power) => power / powers.reduce((a, b) => a + b));
    });
  };
  const whole = await softmaxes(model);
  const divergences = await Promise.all(
    units.map(async (unit) => {
      const other = await softmaxes(maskModel(model, [unit]));
      return meanOf(whole.map((p, n) => p.reduce((sum, own, k) => sum + own * Math.log(own / other[n]![k]!), 0)));
    }),
  );
  expectClose((await scoresOf('ablation', model, dataFromArrays({ x }))).scores[0], divergences, 1e-4);
});

/** Bits, from counts of texts. */
const bits = (symbols: readonly string[]) =>
  [...new Set(symbols)].reduce((sum, symbol) => {
    const p = symbols.filter((other) => other === symbol).length / symbols.length;
    return sum - p * Math.log2(p);
  }, 0);

/** Bins of mean activations on the layer's range, [channel][sample], by comparing with edges. */
function binned(count: number): number[][] {
  const means = channels.map((c) => activations().map((sample) => meanOf(sample[c]!)));
  const [least, most] = [Math.min(...means.flat()), Math.max(...means.flat())];
  const edges = Array.from({ length: count - 1 }, (_, i) => least + ((i + 1) * (most - least)) / count);
  return means.map((own) => own.map((mean) => edges.filter((edge) => mean >= edge).length));
}

test('entropy and information: bins on the range of the layer', async () => {
  const { scores } = await scoresOf('entropy', net(), labelled);
  expectClose(
    scores[0],
    binned(100).map((bins) => bits(bins.map(String))),
  );
  const { scores: mutual } = await scoresOf('information', net(), labelled);
  const classes = bits(labels.map(String));
  expectClose(
    mutual[0],
    binned(10).map((bins) => bits(bins.map(String)) + classes - bits(bins.map((bin, n) => `${bin} ${labels[n]}`))),
  );
});

test('apoz: the share that is not 0; hrank: the mean rank of the maps, by elimination', async () => {
  const behind = activations();
  expectClose(
    (await scoresOf('apoz', net(), labelled)).scores[0],
    channels.map((c) => meanOf(behind.map((sample) => sample[c]!.filter((a) => a !== 0).length / sample[c]!.length))),
  );
  expectClose(
    (await scoresOf('hrank', net(), labelled)).scores[0],
    channels.map((c) => meanOf(behind.map((sample) => rankBy(sample[c]!, SIZE - 2)))),
  );
});

/** Rank by Gaussian elimination with full pivoting. */
function rankBy(map: readonly number[], side: number): number {
  const rows = Array.from({ length: side }, (_, i) => [...map.slice(i * side, (i + 1) * side)]);
  let rank = 0;
  for (; rank < side; rank++) {
    let [pivot, column] = [rank, rank];
    for (let i = rank; i < side; i++)
      for (let j = rank; j < side; j++)
        if (Math.abs(rows[i]![j]!) > Math.abs(rows[pivot]![column]!)) [pivot, column] = [i, j];
    if (Math.abs(rows[pivot]![column]!) < 1e-6) break;
    [rows[rank], rows[pivot]] = [rows[pivot]!, rows[rank]!];
    for (const row of rows) [row[rank], row[column]] = [row[column]!, row[rank]!];
    for (let i = rank + 1; i < side; i++) {
      const factor = rows[i]![rank]! / rows[rank]![rank]!;
      for (let j = rank; j < side; j++) rows[i]![j]! -= factor * rows[rank]![j]!;
    }
  }
  return rank;
}
