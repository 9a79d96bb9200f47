import type { Model, Node, WeightView } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import { nearest } from '../algorithms/nearest.js';
import { solveLayers, type SolveOptions } from '../algorithms/solve-layers.js';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import type { SolvedWeight } from '../algorithms/solved-weight.js';
import type { UnitAlgorithm } from '../algorithms/weight-algorithm.js';
import { weightOf } from './layer-weight.js';
import { learnUnits } from './learn-units.js';

/** Updates a unit, of 32 samples. What docs/benchmarks/low-bits.md was measured with. */
const UPDATES = 500;
const BATCH = 32;

export interface SolveUnitsOptions extends Omit<SolveOptions, 'algorithm' | 'data'> {
  readonly algorithm: UnitAlgorithm;
  readonly data: DataSource;
}

/**
 * `solveLayers` by an algorithm that learns the rounding of several layers together. Weights that it cannot learn (embeddings, recurrences, weights that layers share, layers of subgraphs) are
 * rounded to nearest, before the units behind them are learned; the reason says so.
 */
export async function solveUnits(
  model: Model,
  plans: readonly WeightPlan[],
  { algorithm, data, seed, preserve, folder, threads, signal, onProgress }: SolveUnitsOptions,
): Promise<{ solved: ReadonlyMap<WeightView, SolvedWeight>; warnings: readonly string[]; samples: number }> {
  const readers = new Map<unknown, number>();
  for (const { view } of plans) readers.set(view.source, (readers.get(view.source) ?? 0) + 1);
  const main = new Set<Node>(model.graph.nodes());
  const isAlone = ({ view }: WeightPlan) =>
    main.has(view.node) && weightOf(view.node) !== undefined && readers.get(view.source) === 1;
  const learnable = new Map(plans.filter(isAlone).map((plan) => [plan.view.layerId, plan]));
  const rounded = await solveLayers(
    model,
    plans.filter((plan) => !isAlone(plan)),
    { algorithm: nearest, seed, preserve, signal },
  );
  const codes = new Map([...rounded.solved].map(([view, { matrices }]) => [placeOf(view), matrices]));
  const found = await learnUnits(model, {
    ...{ data, seed, folder, threads, signal, iterations: UPDATES, batchSize: BATCH, drop: algorithm.drop },
    ...({ blocks: 'auto', importance: 'none' } as const),
    isLearned: ({ id }) => learnable.has(id),
    fit: ({ layerId }) => learnable.get(layerId)!.fit,
    codes: (view) => codes.get(placeOf(view)),
    onProgress: (done, total) => onProgress?.({ stage: algorithm.name, done, total }),
  });
  const why = `${algorithm.name} learns weights that one layer alone reads`;
  const solved = new Map<WeightView, SolvedWeight>(
    [...rounded.solved].map(([view, weight]) => [view, { ...weight, reason: why }]),
  );
  const units = new Map(found.units.flatMap((unit) => unit.layers.map((layer) => [layer, unit])));
  const unreached: WeightPlan[] = [];
  for (const [layer, plan] of learnable) {
    const [matrices, unit] = [found.weights.get(layer), units.get(layer)];
    if (!matrices || !unit) unreached.push(plan);
    else if (unit.kept === 'learned') {
      solved.set(plan.view, { matrices, algorithm: algorithm.name, errorRatio: unit.learned / unit.nearest });
    } else {
      const reason = unit.reason ?? `${algorithm.name} did not beat rounding`;
      solved.set(plan.view, { matrices, algorithm: 'nearest', reason });
    }
  }
  const rest = await solveLayers(model, unreached, { algorithm: nearest, seed, preserve, signal });
  for (const [view, weight] of rest.solved) {
    solved.set(view, { ...weight, reason: 'the inputs of the layer are not known' });
  }
  return {
    solved,
    samples: found.samples,
    warnings: found.left.map((text) => text.replace(': ', ': rounded to nearest: ')),
  };
}

const placeOf = ({ node, inputIndex }: WeightView): string => `${node.id} ${inputIndex}`;
