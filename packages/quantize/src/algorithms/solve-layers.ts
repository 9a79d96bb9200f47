import { join } from 'node:path';
import {
  fromWeightMatrix,
  type Model,
  toWeightMatrix,
  type Value,
  type WeightMatrix,
  type WeightView,
} from '@gossamer/graph';
import { type BlockFit, outputErrorAsync } from '@gossamer/kernels';
import { type DataSource, type InputMoments, inputMoments, layerwise } from '@gossamer/runtime';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { roundBlocks } from '../grid/round-blocks.js';
import type { WeightGrid } from '../grid/weight-grid.js';
import type { QuantizeProgress } from '../options.js';
import { storedScaleAxis } from '../layers.js';
import { nameLayer } from '../name-layer.js';
import { reachableTarget } from './reachable-target.js';
import { SolvedStore } from './solved-store.js';
import type { SolvedWeight } from './solved-weight.js';
import type { WeightAlgorithm, WeightProblem } from './weight-algorithm.js';

/** A weight that is to be put on a grid. */
export interface WeightPlan {
  readonly view: WeightView;
  /** The grid of a matrix [rows, columns], the weight's `group`th; see WeightProblem. */
  readonly fit: (
    data: Float32Array,
    rows: number,
    columns: number,
    importance?: ArrayLike<number>,
    group?: number,
  ) => WeightGrid;
  /** See WeightProblem. */
  readonly blockFit?: BlockFit | undefined;
  /** What grid it is: a weight that layers share is solved once for each. Default: one for all. */
  readonly key?: string;
}

export interface SolveOptions {
  readonly algorithm: WeightAlgorithm;
  /** Calibration data; algorithms that need no moments go without. */
  readonly data?: DataSource | undefined;
  readonly seed: number;
  /** Where solved weights are kept for a run that takes up an ended one, and activations meanwhile. Default: nowhere; the system's place for temporary files. */
  readonly folder?: string | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: QuantizeProgress) => void) | undefined;
}

/**
 * Puts weights on their grids, layer by layer: inputs of each come from the layers that are quantized already, and the aim is what the float layer makes of them, or, of an
 * algorithm that follows the float model, of the inputs there. A weight that layers share is solved at its first reader. `model` stays as it is. Warnings name layers whose inputs could not be had.
 */
export async function solveLayers(
  model: Model,
  plans: readonly WeightPlan[],
  options: SolveOptions,
): Promise<{ solved: ReadonlyMap<WeightView, SolvedWeight>; warnings: readonly string[]; samples: number }> {
  const { algorithm, data, seed, folder, threads, signal, onProgress } = options;
  const solved = new Map<WeightView, SolvedWeight>();
  const store = folder === undefined ? undefined : new SolvedStore<SolvedAbout>(join(folder, 'solved'));
  const common = { algorithm, seed, store, ...(signal ? { signal } : {}) };
  const isAlone = algorithm.needs === 'nothing' || !data;
  const byPlace = new Map(plans.map((plan) => [placeOf(plan.view), plan]));
  const layers = isAlone ? [] : new Set(plans.map(({ view }) => view.node));
  const walk =
    data &&
    (await layerwise(model, layers, data, {
      streams: algorithm.followsFloat ? 'both' : 'quantized',
      ...(folder === undefined ? {} : { folder }),
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    }));
  let samples = 0;
  for await (const step of walk ?? []) {
    samples = step.samples;
    const readPlanned = async () =>
      step.views.flatMap((view) => {
        const plan = byPlace.get(placeOf(view));
        return plan ? [{ view, plan, matrix: toWeightMatrix(plan.view) }] : [];
      });
    // Weights are read while the thread pool sums moments.
    const [moments, planned] = await Promise.all([
      inputMoments(step, step.views, { cross: algorithm.followsFloat ?? false, seed }),
      readPlanned(),
    ]);
    // Side by side: one is prepared while another one is solved.
    await Promise.all(
      planned.map(async ({ view, plan, matrix }) => {
        const { weight, values } = await nameLayer(view.layerId, solveWeight(plan, matrix, moments.get(view), common));
        solved.set(plan.view, weight);
        step.setWeight(view, fromWeightMatrix(view, joined(values ?? weight.matrices.map(dequantizeMatrix))));
      }),
    );
    onProgress?.({ stage: algorithm.name, done: step.index + 1, total: step.total });
  }
  const shared = new Map<Value, Map<string, SolvedWeight>>();
  const share = (plan: WeightPlan, weight: SolvedWeight) => {
    const { source } = plan.view;
    shared.set(source, new Map(shared.get(source)).set(sharedKey(plan), weight));
  };
  for (const plan of plans) if (solved.has(plan.view)) share(plan, solved.get(plan.view)!);
  for (const plan of plans) {
    if (solved.has(plan.view)) continue;
    const known = shared.get(plan.view.source)?.get(sharedKey(plan));
    const weight =
      known ??
      (await nameLayer(plan.view.layerId, solveWeight(plan, toWeightMatrix(plan.view), undefined, common))).weight;
    solved.set(plan.view, weight);
    if (!known) share(plan, weight);
  }
  const unreached = walk?.unreached ?? [];
  return {
    solved,
    samples,
    warnings: unreached.map(({ node, reason }) => `${node.id}: rounded to nearest: ${reason}`),
  };
}

/** Layers see a weight alike where it has the same rows, on the same grid. */
function sharedKey({ view, key = '' }: WeightPlan): string {
  return [key, storedScaleAxis(view), view.groups, ...[...view.shape].sort((a, b) => a - b)].join();
}

const placeOf = ({ node, inputIndex }: WeightView): string => `${node.id} ${inputIndex}`;

/** Groups one behind the other, [groups, rows, columns]. */
function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const part of parts) {
    all.set(part, first);
    first += part.length;
  }
  return all;
}

type SolvedAbout = Omit<SolvedWeight, 'matrices'>;

type Common = Pick<SolveOptions, 'algorithm' | 'seed' | 'signal'>;

/** A weight on its grid, and the values of its matrices where they are at hand. */
interface Solution {
  readonly weight: SolvedWeight;
  readonly values?: readonly Float32Array[];
}

/** Taken over from the store, or solved and put there. */
async function solveWeight(
  plan: WeightPlan,
  matrix: WeightMatrix,
  moments: InputMoments | undefined,
  { store, ...common }: Common & { readonly store: SolvedStore<SolvedAbout> | undefined },
): Promise<Solution> {
  // Without moments it is done at once.
  if (!store || !moments) return solveMatrices(plan, matrix, moments, common);
  const { groups, rows, columns, data } = matrix;
  const settings = [common.algorithm.name, plan.key ?? '', common.seed, groups, rows, columns];
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
  { algorithm, ...common }: Common,
): Promise<Solution> {
  const size = rows * columns;
  const matrices: QuantizedMatrix[] = [];
  const values: Float32Array[] = [];
  const errors = { chosen: 0, nearest: 0, asked: 0 };
  let isSolved = false;
  for (let group = 0; group < groups; group++) {
    const weight = data.subarray(group * size, (group + 1) * size);
    const grid: WeightProblem['fit'] = (matrix, importance) => fit(matrix, rows, columns, importance, group);
    const second = moments?.second[group];
    if (!second) {
      const problem = { ...common, layer: view.layerId, rows, columns, data: weight, fit: grid, blockFit };
      matrices.push(await (algorithm.needs === 'nothing' ? algorithm.solve(problem) : round(problem)));
      continue;
    }
    const cross = moments.cross?.[group];
    const problem: WeightProblem = {
      ...common,
      layer: view.layerId,
      rows,
      columns,
      data: weight,
      fit: grid,
      blockFit,
      second,
      ...(cross ? { cross } : {}),
    };
    // Rounded while the pool solves.
    const [found, nearest] = await Promise.all([algorithm.solve(problem), round(problem)]);
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
