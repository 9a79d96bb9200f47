import type { Target } from '../choices.js';
import type { LayerFilter, Model, Value, WeightView } from '@gossamer/graph';
import { solveLayers } from '../algorithms/solve-layers.js';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import type { SolvedWeight } from '../algorithms/solved-weight.js';
import type { BiasCorrector } from '../bias-correction/bias-corrector.js';
import { isCorrectable } from '../bias-correction/input-means.js';
import { joinValues } from '../grid/join-values.js';
import { dequantizeMatrix } from '../grid/quantized-matrix.js';
import { chooseForm } from '../forms/choose-form.js';
import { solveUnits } from '../reconstruct/solve-units.js';
import { writeWeight, type WriteOptions } from '../forms/write-weight.js';

import { findLayers, type Layer, refuseLayer, storedBytes, tiedSources } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import type { SchemeChoice, SchemeOptions } from '../schemes/scheme-options.js';
import { announce, runWorks, type Work } from '../work.js';
import { LEAST_ELEMENTS, planView } from './plan-view.js';

/** Weights by schemes and algorithms: all plans first, solved layer by layer on calibration data, then written. Returns how many samples were used. */
export async function quantizeSchemes(
  model: Model,
  schemes: SchemeOptions,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
  corrector?: BiasCorrector,
): Promise<number> {
  const planned: { layer: Layer; parts: { plan: WeightPlan; choice: SchemeChoice }[] }[] = [];
  const layers = findLayers(model);
  const tied = tiedSources(layers);
  for (const layer of layers) {
    const large = layer.views.filter(({ stored }) => stored.length >= LEAST_ELEMENTS);
    const refused =
      filter(layer.node) ?? refuseLayer(layer) ?? (large.length === 0 ? 'its weights are too small' : undefined);
    if (refused) {
      report.leftFloat(layer.node, refused, storedBytes(layer.views));
      continue;
    }
    const parts = large.map((view) => planView(view, tied, schemes, options)).filter((part) => part !== undefined);
    if (parts.length === 0) report.leftFloat(layer.node, 'its rule says float32', storedBytes(layer.views));
    else planned.push({ layer, parts });
  }
  const plans = planned.flatMap(({ parts }) => parts.map(({ plan }) => plan));
  const { algorithm } = schemes;
  const { solved, warnings, samples } =
    algorithm.needs === 'units'
      ? await solveUnits(model, plans, { ...options, algorithm, data: options.data! })
      : await solveLayers(model, plans, { ...options, algorithm });
  report.warnings.push(...warnings, ...untied(tied, plans, solved, options.target));
  if (corrector) correctBiases(corrector, plans, solved);
  const written: WriteOptions['written'] = new Map();
  const works = planned.map(({ layer, parts }): Work => {
    const weights = parts.map(({ plan }) => solved.get(plan.view)!);
    return {
      layer,
      action: 'weight-only',
      reason: describe(parts[0]!, weights, options.target),
      prepare: async () => () =>
        writeLayer(layer, parts, weights, (view) => ({ ...options, isTied: tied.has(view.source), written })),
    };
  });
  for (const work of works) announce(work, report);
  await runWorks(works, options, report);
  return samples;
}

/** Biases for the weights as they are now. */
function correctBiases(
  corrector: BiasCorrector,
  plans: readonly WeightPlan[],
  solved: ReadonlyMap<WeightView, SolvedWeight>,
): void {
  for (const { view } of plans.filter((plan) => isCorrectable(plan.view))) {
    corrector.correct(view, joinValues(solved.get(view)!.matrices.map(dequantizeMatrix)));
  }
}

/** Forms that a product and an embedding read alike. */
const PACKED: ReadonlySet<string> = new Set(['MatMulNBits', 'GatherBlockQuantized']);

/** Tables that were one and are not any more. */
function untied(
  tied: ReadonlySet<Value>,
  plans: readonly WeightPlan[],
  solved: ReadonlyMap<WeightView, SolvedWeight>,
  target: Target,
): string[] {
  return [...tied].flatMap((source) => {
    const views = plans.map(({ view }) => view).filter((view) => view.source === source);
    const codes = new Set(views.map((view) => solved.get(view)!.matrices));
    const isShared = views.every((view) => PACKED.has(chooseForm(view, solved.get(view)!.matrices, target).kind));
    if (views.length < 2 || (codes.size === 1 && isShared)) return [];
    const readers = views.map(({ node }) => node.id).join(', ');
    return [`${source.name} was tied (${readers}): its codes are stored once for each, in forms that are not the same`];
  });
}

function writeLayer(
  layer: Layer,
  parts: readonly { plan: WeightPlan; choice: SchemeChoice }[],
  weights: readonly SolvedWeight[],
  optionsOf: (view: WeightView) => WriteOptions,
): number {
  const kept = layer.views.filter((view) => !parts.some(({ plan }) => plan.view === view));
  return parts.reduce(
    (sum, { plan: { view } }, i) => sum + writeWeight(view, weights[i]!.matrices, optionsOf(view)),
    storedBytes(kept),
  );
}

function describe(
  { plan, choice: { scheme, granularity } }: { plan: WeightPlan; choice: SchemeChoice },
  weights: readonly SolvedWeight[],
  target: Target,
): string {
  const where = { tensor: 'a tensor', row: 'a row' }[granularity as 'tensor' | 'row'] ?? `${granularity} weights`;
  const [{ algorithm, reason, matrices }] = weights as [SolvedWeight];
  const { kind } = chooseForm(plan.view, matrices, target);
  const form = FORM_NAMES[kind] ?? kind;
  return `${scheme.name}, a scale for ${where}, ${algorithm}${reason === undefined ? '' : ` (${reason})`}, ${form}`;
}

/** How reports call forms that are no operator. */
const FORM_NAMES: Readonly<Record<string, string>> = {
  expanded: 'floats when the model is open',
  float8: 'FLOAT8 tensor, floats when the model is open',
};
