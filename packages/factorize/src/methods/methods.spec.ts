import { GraphBuilder, type WeightView, weightsOf } from '@gossamer/graph';
import fc from 'fast-check';
import { factorsMatrix } from '../factors-matrix.js';
import { power } from '../measure/inner.js';
import { randomNumbers } from '../testing/random-network.js';
import { cp } from './cp.js';
import { fitCp } from './cp-als.js';
import type { Decomposition, LayerProblem, Method } from './method.js';
import { sparseLowRank } from './sparse-low-rank.js';
import { spatial } from './spatial.js';
import { svd } from './svd.js';
import { tucker2 } from './tucker-2.js';
import { whitenedSvd } from './whitened-svd.js';

function viewOf(dims: readonly number[], data: Float64Array): WeightView {
  const g = new GraphBuilder('net');
  const isConv = dims.length > 2;
  const x = g.input('x', 'float32', isConv ? [1, dims[1]!, ...dims.slice(2).map(() => 8)] : [1, dims[1]!]);
  const w = g.weight('w', dims, Float32Array.from(data));
  const y = isConv ? g.op('Conv', [x, w]) : g.op('Gemm', [x, w], { transB: 1 });
  return weightsOf(y.producer!)[0]!;
}

function problemOf(dims: readonly number[], weight: Float64Array, moment?: Float64Array): LayerProblem {
  const rows = dims[0]!;
  return {
    ...{ view: viewOf(dims, weight), rows, columns: weight.length / rows, weight, moment },
    ...{ elementBytes: 4, density: 0.05, seed: 0 },
    ranksUpTo: (limit) => Array.from({ length: limit }, (_, i) => i + 1),
  };
}

/** Inputs whose features go together, some far larger than others. */
function inputsOf(columns: number, count: number, seed: number): Float64Array {
  const x = randomNumbers(columns * count, seed);
  for (let v = 0; v < x.length; v += columns) {
    for (let i = 1; i < columns; i++) x[v + i] = 0.7 * x[v + i - 1]! + x[v + i]! * (i % 7 === 0 ? 5 : 0.5);
  }
  return x;
}

function momentOf(x: Float64Array, columns: number): Float64Array {
  const moment = new Float64Array(columns * columns);
  const count = x.length / columns;
  for (let v = 0; v < x.length; v += columns) {
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) moment[i * columns + j]! += (x[v + i]! * x[v + j]!) / count;
  }
  return moment;
}

/** Mean of |(W - W') x|² by going through the inputs one by one. */
function outputErrorOf(change: Float64Array, x: Float64Array, columns: number): number {
  let sum = 0;
  for (let v = 0; v < x.length; v += columns) {
    for (let row = 0; row < change.length; row += columns) {
      let y = 0;
      for (let j = 0; j < columns; j++) y += change[row + j]! * x[v + j]!;
      sum += y * y;
    }
  }
  return (sum * columns) / x.length;
}

const changeOf = (problem: LayerProblem, cut: Decomposition, index: number) => {
  const matrix = factorsMatrix(cut.factor(cut.candidates[index]!), problem);
  return problem.weight.map((w, i) => w - matrix[i]!);
};

const decompose = async (method: Method, problem: LayerProblem) => method.decompose(problem);
const energyOf = (data: Float64Array) => data.reduce((sum, x) => sum + x * x, 0);

test.each([
  ['wide', 12, 30],
  ['tall', 40, 18],
])(
  'whitened, %s: the output error is the root of the sum of the discarded squares, to 10^-6',
  async (_, rows, columns) => {
    const x = inputsOf(columns, 200, 1);
    const moment = momentOf(x, columns);
    const problem = problemOf([rows, columns], randomNumbers(rows * columns, 2), moment);
    const cut = await decompose(whitenedSvd, problem);
    const whole = outputErrorOf(problem.weight, x, columns);
    for (const [index, candidate] of cut.candidates.entries()) {
      if (candidate.ranks[0] === Math.min(rows, columns)) continue;
      const error = Math.sqrt(outputErrorOf(changeOf(problem, cut, index), x, columns));
      expect(Math.abs(error / Math.sqrt(cut.lost(candidate) * whole) - 1)).toBeLessThan(1e-6);
    }
  },
);

test('whitened is the optimum: its error is never above that of any other cut of the same rank', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 10 }),
      fc.integer({ min: 2, max: 10 }),
      fc.nat(1000),
      async (rows, columns, seed) => {
        const moment = momentOf(inputsOf(columns, 30, seed), columns);
        const problem = problemOf([rows, columns], randomNumbers(rows * columns, seed + 1), moment);
        const [white, plain] = await Promise.all([decompose(whitenedSvd, problem), decompose(svd, problem)]);
        const whole = power(problem.weight, moment, rows, columns);
        white.candidates.forEach((_, index) => {
          const [a, b] = [white, plain].map((cut) => power(changeOf(problem, cut, index), moment, rows, columns));
          // Rounding, and the 10^-10 of the mean that the moment is damped with.
          expect(a!).toBeLessThanOrEqual(b! + 1e-9 * whole);
        });
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('inputs that are missing or always equal do not matter: a moment of rank 1', async () => {
  const x = Float64Array.from({ length: 20 * 10 }, (_, at) => (at % 10 < 4 ? at % 10 : 0));
  const moment = momentOf(x, 10);
  const problem = problemOf([8, 10], randomNumbers(80, 3), moment);
  const cut = await decompose(whitenedSvd, problem);
  const whole = power(problem.weight, moment, 8, 10);
  expect(power(changeOf(problem, cut, 0), moment, 8, 10) / whole).toBeLessThan(1e-8);
});

const kernel = [10, 6, 3, 3];
test.each<[string, Method]>([
  ['svd', svd],
  ['spatial', spatial],
])('%s: what is lost is the energy of the change', async (_, method) => {
  const problem = problemOf(kernel, randomNumbers(540, 5));
  const cut = await decompose(method, problem);
  for (const [index, candidate] of cut.candidates.entries()) {
    expect(energyOf(changeOf(problem, cut, index)) / energyOf(problem.weight)).toBeCloseTo(cut.lost(candidate), 10);
  }
});

test('tucker-2: HOOI loses no more than HOSVD says, and no less than either unfolding must', async () => {
  const problem = problemOf(kernel, randomNumbers(540, 6));
  const cut = await decompose(tucker2, problem);
  expect(cut.candidates).toHaveLength(10 + 6 - 1);
  const unfolded = await decompose(svd, problem);
  for (const [index, candidate] of cut.candidates.entries()) {
    const lost = energyOf(changeOf(problem, cut, index)) / energyOf(problem.weight);
    expect(lost).toBeLessThanOrEqual(cut.lost(candidate) + 1e-10);
    const [ro] = candidate.ranks;
    expect(lost).toBeGreaterThanOrEqual(unfolded.lost({ ...candidate, ranks: [ro!] }) - 1e-10);
  }
  expect(cut.lost(cut.candidates.at(-1)!)).toBeLessThan(1e-12);
});

test('cp: what is lost is the energy of the change, and falls with the rank', async () => {
  const problem = problemOf(kernel, randomNumbers(540, 7));
  const cut = await decompose(cp, problem);
  const some = cut.candidates.slice(0, 12);
  const lost = some.map((candidate, index) => {
    const judged = cut.lost(candidate);
    const real = energyOf(changeOf(problem, cut, index)) / energyOf(problem.weight);
    // Once it is taken, more rounds bring it nearer.
    expect(real).toBeLessThan(judged + 1e-9);
    expect(real).toBeCloseTo(cut.lost(candidate), 6);
    return judged;
  });
  expect(lost.at(-1)!).toBeLessThan(lost[0]!);
});

test('cp: a tensor without a best fit of rank 2 drives terms apart; with its own rank 3 it is found', () => {
  // a a b + a b a + b a a has fits of rank 2 as near as one likes, of norms without bound. Source: de Silva and Lim, 2008, section 4.
  const tensor = Float64Array.of(0, 1, 1, 0, 1, 0, 0, 0);
  const [two, three] = [2, 3].map((rank) => fitCp(tensor, [2, 2, 2], rank, 0));
  expect(two!.cancellation).toBeGreaterThan(5);
  expect(two!.lost).toBeGreaterThan(1e-5);
  expect(three!.lost).toBeLessThan(two!.lost);
});

test('cp: where terms come to cancel each other in later rounds, the fit is that of the first ones', async () => {
  const problem = problemOf([4, 4, 3], randomNumbers(48, 2));
  const cut = await decompose(cp, problem);
  const place = cut.candidates.findIndex(({ ranks }) => ranks[0] === 4);
  expect(fitCp(problem.weight, [4, 4, 3], 4, 0).cancellation).toBeGreaterThan(100);
  const judged = cut.lost(cut.candidates[place]!);
  expect(energyOf(changeOf(problem, cut, place)) / energyOf(problem.weight)).toBeCloseTo(judged, 9);
});

test('sparse plus low rank: outliers over a low rank are found, which no rank alone holds', async () => {
  const [rows, columns] = [30, 24];
  const [u, v] = [randomNumbers(rows * 2, 1), randomNumbers(columns * 2, 2)];
  const weight = Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    const low = u[i * 2]! * v[j * 2]! + u[i * 2 + 1]! * v[j * 2 + 1]!;
    return low + ((i * 7 + j * 5) % 31 === 0 ? 10 : 0);
  });
  const problem = problemOf([rows, columns], weight);
  const [mixed, plain] = [await decompose(sparseLowRank, problem), await decompose(svd, problem)];
  const lost = energyOf(changeOf(problem, mixed, 1)) / energyOf(weight);
  expect(lost).toBeCloseTo(mixed.lost(mixed.candidates[1]!), 10);
  expect(lost).toBeLessThan(1e-3);
  expect(plain.lost(plain.candidates[1]!)).toBeGreaterThan(0.5);
  const { sparse } = mixed.factor(mixed.candidates[1]!);
  expect(sparse!.filter((x) => x !== 0).length).toBeLessThanOrEqual(Math.floor(0.05 * rows * columns));
});
