import { type Model, toWeightMatrix, type WeightView } from '@gossamer/graph';
import { type SolvedWeight, solveLayers, type WeightPlan } from '../algorithms/solve-layers.js';
import { writeWeight, type WrittenWeights } from '../forms/write-weight.js';
import type { LayerFilter } from '../layer-selection.js';
import { findLayers, type Layer, refuseLayer, storedBytes } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { SchemeChoice, SchemeOptions } from '../schemes/scheme-options.js';
import { announce, runWorks, type Work } from '../work.js';
import { makesOutput } from './makes-output.js';

/** Operators that compute on blocks of codes along the input axis: their weights are in blocks unless told otherwise. */
const BLOCKED: ReadonlySet<string> = new Set(['Gather', 'Gemm', 'MatMul']);
/** Fewer elements than these are not worth codes, scales and the nodes that expand them. */
const LEAST_ELEMENTS = 256;

/** Weights by schemes and algorithms: all plans first, solved layer by layer on calibration data, then written. Returns how many samples were used. */
export async function quantizeSchemes(
  model: Model,
  schemes: SchemeOptions,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<number> {
  const planned: { layer: Layer; parts: { plan: WeightPlan; choice: SchemeChoice }[] }[] = [];
  for (const layer of findLayers(model)) {
    const large = layer.views.filter(({ stored }) => stored.length >= LEAST_ELEMENTS);
    const refused =
      filter(layer.node) ?? refuseLayer(layer) ?? (large.length === 0 ? 'its weights are too small' : undefined);
    if (refused) {
      report.leftFloat(layer.node, refused, storedBytes(layer.views));
      continue;
    }
    planned.push({ layer, parts: large.map((view) => planView(view, schemes, options)) });
  }
  const plans = planned.flatMap(({ parts }) => parts.map(({ plan }) => plan));
  const { solved, warnings, samples } = await solveLayers(model, plans, { ...options, algorithm: schemes.algorithm });
  report.warnings.push(...warnings);
  const written: WrittenWeights = new Map();
  const works = planned.map(({ layer, parts }): Work => {
    const weights = parts.map(({ plan }) => solved.get(plan.view)!);
    return {
      layer,
      action: 'weight-only',
      reason: describe(parts[0]!.choice, weights),
      prepare: async () => () => writeLayer(layer, parts, weights, options, written),
    };
  });
  for (const work of works) announce(work, report);
  await runWorks(works, options, report);
  return samples;
}

function planView(view: WeightView, schemes: SchemeOptions, { seed }: ResolvedOptions) {
  const isEdge = view.role === 'embedding' || (BLOCKED.has(view.node.kind) && makesOutput(view.node.output));
  const choice = schemes.choose(view.node, isEdge);
  const granularity = choice.granularity ?? (BLOCKED.has(view.node.kind) ? choice.blockSize : 'row');
  const isInBlocks = typeof granularity === 'number';
  const plan: WeightPlan = {
    view,
    blockFit: isInBlocks ? choice.scheme.blockFit?.({ clip: schemes.clip, blockSize: granularity }) : undefined,
    fit: (data, rows, columns, importance) =>
      choice.scheme.fit(data, {
        rows,
        columns,
        granularity,
        clip: schemes.clip,
        seed,
        ...(importance ? { importance } : {}),
      }),
  };
  return { plan, choice: { ...choice, granularity } };
}

function writeLayer(
  layer: Layer,
  parts: readonly { plan: WeightPlan; choice: SchemeChoice }[],
  weights: readonly SolvedWeight[],
  options: ResolvedOptions,
  written: WrittenWeights,
): number {
  const kept = layer.views.filter((view) => !parts.some(({ plan }) => plan.view === view));
  return parts.reduce((sum, { plan: { view } }, i) => {
    const { groups, rows, columns, isTransposed } = toWeightMatrix(view);
    return sum + writeWeight(view, { groups, rows, columns, isTransposed }, weights[i]!.matrices, options, written);
  }, storedBytes(kept));
}

function describe({ scheme, granularity }: SchemeChoice, weights: readonly SolvedWeight[]): string {
  const where = { tensor: 'a tensor', row: 'a row' }[granularity as 'tensor' | 'row'] ?? `${granularity} weights`;
  const [{ algorithm, reason }] = weights as [SolvedWeight];
  return `${scheme.name}, a scale for ${where}, ${algorithm}${reason === undefined ? '' : ` (${reason})`}`;
}
