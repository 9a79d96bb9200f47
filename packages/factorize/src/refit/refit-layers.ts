import { fromWeightMatrix, type Model } from '@gossamer/graph';
import { multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import type { DataSource, LayerStep } from '@gossamer/runtime';
import { factorsMatrix } from '../factors-matrix.js';
import { inner, power, refusePower } from '../measure/inner.js';
import { walkMoments, type WorkMoments } from '../measure/walk-moments.js';
import type { Factors } from '../methods/method.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { LayerWork } from '../work.js';
import { momentBehind, solveLast } from './solve-last.js';

/**
 * Goes through the factored layers in the order of the model. Each aims at what it makes in the given model, from the inputs that it has behind the layers factored
 * before it; its last factor is replaced where that lowers its error. `power` must be known of those whose inputs can be seen.
 *
 * Source: SVD-LLM (arXiv:2403.07378), section 3.2, with the given model's outputs as the target.
 */
export async function refitLayers(
  model: Model,
  works: readonly LayerWork[],
  data: DataSource,
  options: ResolvedOptions,
  onLayer: () => void,
): Promise<void> {
  const replace = (work: LayerWork, step: LayerStep) => {
    const { view } = work.problem;
    const weight = Float32Array.from(factorsMatrix(work.factors!, work.problem));
    step.setWeight(view, fromWeightMatrix(view, weight));
  };
  // A weight that layers share is set at the first of them, before the inputs of the others are known.
  const arrive = (work: LayerWork, step: LayerStep) => {
    if (work.layer.views.length > 1) replace(work, step);
  };
  const miss = (work: LayerWork, reason: string) => {
    work.refit = { kept: reason };
  };
  for await (const { work, moments, step } of walkMoments(model, works, data, options, miss, arrive)) {
    const isShared = work.layer.views.length > 1;
    await refitLayer(work, moments, isShared);
    if (!isShared) replace(work, step);
    onLayer();
  }
}

async function refitLayer(work: LayerWork, moments: WorkMoments, isShared: boolean): Promise<void> {
  const { problem, factors } = work;
  const { rows, columns, weight } = problem;
  const useless = refusePower(work.power!);
  if (useless !== undefined) {
    work.refit = { kept: useless };
    return;
  }
  // Mean of W x_given xᵀ.
  const target = multiplyMatrices(weight, moments.cross, rows, columns, columns);
  const errorOf = (given: Factors) => {
    const matrix = factorsMatrix(given, problem);
    const error = work.power! - 2 * inner(target, matrix) + power(matrix, moments.second, rows, columns);
    return Math.sqrt(Math.max(0, error) / work.power!);
  };
  const before = errorOf(factors!);
  const after = isShared ? undefined : await solved(factors!, target, moments, problem);
  const outputError = after && errorOf(after);
  if (after && outputError! < before) {
    work.factors = after;
    work.outputError = outputError!;
    work.refit = { outputError: before };
    return;
  }
  work.outputError = before;
  const reason = after ? 'least squares did not lower its error' : 'its inputs leave nothing to solve';
  work.refit = { outputError: before, kept: isShared ? 'layers share its weight' : reason };
}

async function solved(
  factors: Factors,
  target: Float64Array,
  { second }: WorkMoments,
  { rows, columns }: LayerWork['problem'],
): Promise<Factors | undefined> {
  const { prefix, sparse, last } = factors;
  const inside = prefix.length / columns;
  const goal = sparse ? multiplyMatrices(sparse, second, rows, columns, columns).map((x, i) => target[i]! - x) : target;
  const cross = multiplyMatrices(goal, transposeMatrix(prefix, inside, columns), rows, columns, inside);
  const weight = await solveLast(cross, momentBehind(prefix, second, inside, columns), rows, inside);
  return weight && { ...factors, last: { ...last, weight } };
}
