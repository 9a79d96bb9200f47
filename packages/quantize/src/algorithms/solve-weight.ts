import type { WeightMatrix } from '@gossamer/graph';
import { outputErrorAsync } from '@gossamer/kernels';
import type { InputMoments } from '@gossamer/runtime';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { roundBlocks } from '../grid/round-blocks.js';
import { keptOf, type Preserve } from '../preserve.js';
import { keepZeros } from './keep-zeros.js';
import { reachableTarget } from './reachable-target.js';
import type { SolvedStore } from './solved-store.js';
import type { SolvedWeight } from './solved-weight.js';
import type { WeightAlgorithm, WeightProblem } from './weight-algorithm.js';
import type { WeightPlan } from './weight-plan.js';

/** What is kept of a solved weight beside its codes. */
export type SolvedAbout = Omit<SolvedWeight, 'matrices'>;

interface Common {
  readonly algorithm: WeightAlgorithm;
  readonly seed: number;
  readonly preserve: Preserve;
  readonly signal?: AbortSignal;
}

/** A weight on its grid, and the values of its matrices where they are at hand. */
interface Solution {
  readonly weight: SolvedWeight;
  readonly values?: readonly Float32Array[];
}

/** Taken over from the store, or solved and put there: by the algorithm, or to nearest where it does not beat that. `matrix` is the weight of `plan`. */
export async function solveWeight(
  plan: WeightPlan,
  matrix: WeightMatrix,
  moments: InputMoments | undefined,
  { store, ...common }: Common & { readonly store: SolvedStore<SolvedAbout> | undefined },
): Promise<Solution> {
  // Without moments it is done at once.
  if (!store || !moments) return solveMatrices(plan, matrix, moments, common);
  const { groups, rows, columns, data } = matrix;
  const settings = [common.algorithm.name, plan.key ?? '', common.seed, common.preserve, groups, rows, columns];
  const key = store.keyOf(settings, [data, ...moments.second, ...(moments.cross ?? [])]);
  const known = store.find(key);
  if (known) return { weight: known };
  const solution = await solveMatrices(plan, matrix, moments, common);
  store.put(key, solution.weight);
  return solution;
}

/** Every group of one weight. */
async function solveMatrices(
  { view, fit, blockFit }: WeightPlan,
  { groups, rows, columns, data }: WeightMatrix,
  moments: InputMoments | undefined,
  { algorithm, preserve, ...common }: Common,
): Promise<Solution> {
  const size = rows * columns;
  const zeros = keptOf(data, preserve);
  const matrices: QuantizedMatrix[] = [];
  const values: Float32Array[] = [];
  const errors = { chosen: 0, nearest: 0, asked: 0 };
  let isSolved = false;
  for (let group = 0; group < groups; group++) {
    const weight = data.subarray(group * size, (group + 1) * size);
    const grid: WeightProblem['fit'] = (matrix, importance) => fit(matrix, rows, columns, importance, group);
    const kept = zeros?.subarray(group * size, (group + 1) * size);
    const shared = {
      ...common,
      layer: view.layerId,
      rows,
      columns,
      data: weight,
      fit: grid,
      blockFit,
      ...(kept ? { kept } : {}),
    };
    const second = moments?.second[group];
    if (!second) {
      const found = await (algorithm.needs === 'nothing' ? algorithm.solve(shared) : round(shared));
      matrices.push(keepZeros(found, kept));
      continue;
    }
    const cross = moments.cross?.[group];
    const problem: WeightProblem = { ...shared, second, ...(cross ? { cross } : {}) };
    // Rounded while the pool solves.
    const [solved, nearest] = await Promise.all([algorithm.solve(problem), round(problem)]);
    const found = keepZeros(solved, kept);
    const target = cross ? await reachableTarget(problem) : weight;
    const { values: foundValues = dequantizeMatrix(found), ...foundMatrix } = found;
    const nearestValues = dequantizeMatrix(nearest);
    const [asked, rounded] = await Promise.all(
      [foundValues, nearestValues].map((changed) => outputErrorAsync({ changed, target, second, columns })),
    );
    errors.asked += asked!;
    errors.nearest += rounded!;
    // False for an error that is not finite, and for codes that are the nearest ones.
    const isBetter = asked! < rounded!;
    isSolved ||= isBetter;
    errors.chosen += isBetter ? asked! : rounded!;
    matrices.push(isBetter ? foundMatrix : nearest);
    values.push(isBetter ? foundValues : nearestValues);
  }
  if (!moments) {
    if (algorithm.needs === 'nothing') return { weight: { matrices, algorithm: algorithm.name } };
    return { weight: { matrices, algorithm: 'nearest', reason: 'the inputs of the layer are not known' } };
  }
  const all = values.length === groups ? { values } : {};
  if (isSolved) {
    const errorRatio = ratio(errors.chosen, errors.nearest);
    return { ...all, weight: { matrices, algorithm: algorithm.name, errorRatio } };
  }
  const reason = `${algorithm.name} did not beat rounding`;
  return {
    ...all,
    weight: { matrices, algorithm: 'nearest', reason, errorRatio: ratio(errors.asked, errors.nearest) },
  };
}

/** To nearest on the grid of the weights. */
async function round({ data, rows, columns, fit, blockFit, signal }: WeightProblem): Promise<QuantizedMatrix> {
  if (blockFit && !blockFit.clip) return roundBlocks(data, rows, columns, blockFit, signal);
  return roundToGrid(data, fit(data));
}

const ratio = (a: number, b: number): number => (b > 0 ? a / b : 1);
