import { join } from 'node:path';
import { fromWeightMatrix, type Model, toWeightMatrix, type Value, type WeightView } from '@gossamer/graph';
import { type DataSource, inputMoments, layerwise } from '@gossamer/runtime';
import { joinValues } from '../grid/join-values.js';
import { dequantizeMatrix } from '../grid/quantized-matrix.js';
import type { QuantizeProgress } from '../options.js';
import { storedScaleAxis } from '../layers.js';
import type { Preserve } from '../preserve.js';
import { nameLayer } from '../name-layer.js';
import { type SolvedAbout, solveWeight } from './solve-weight.js';
import { SolvedStore } from './solved-store.js';
import type { SolvedWeight } from './solved-weight.js';
import type { WeightAlgorithm } from './weight-algorithm.js';
import type { WeightPlan } from './weight-plan.js';

export interface SolveOptions {
  readonly algorithm: WeightAlgorithm;
  /** Calibration data; algorithms that need no moments go without. */
  readonly data?: DataSource | undefined;
  readonly seed: number;
  /** Default 'auto'. */
  readonly preserve?: Preserve | undefined;
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
  const { algorithm, data, seed, preserve = 'auto', folder, threads, signal, onProgress } = options;
  const solved = new Map<WeightView, SolvedWeight>();
  const store = folder === undefined ? undefined : new SolvedStore<SolvedAbout>(join(folder, 'solved'));
  const common = { algorithm, seed, preserve, store, ...(signal ? { signal } : {}) };
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
        step.setWeight(view, fromWeightMatrix(view, joinValues(values ?? weight.matrices.map(dequantizeMatrix))));
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
