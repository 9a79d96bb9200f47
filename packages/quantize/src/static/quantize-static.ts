import {
  inferTypes,
  type Model,
  type Node,
  type TypeTable,
  type ValueType,
  tensorType,
  type Value,
} from '@gossamer/graph';
import { type Calibration, calibrate, chooseRange, modelInputs } from '@gossamer/runtime';
import type { LayerFilter } from '../layer-selection.js';
import { findLayers, refuseViews, storedBytes } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { CodeStore } from '../weights/code-store.js';
import { planStorage } from '../storage.js';
import { runWorks, type Work } from '../work.js';
import type { RangeProvider } from './activation-params.js';
import { chooseRegions } from './choose-regions.js';
import { QdqEmitter } from './emit-qdq.js';
import { QOperatorEmitter } from './emit-qoperator.js';
import { makeStaticPlan, type StaticPlan, valuesToCalibrate } from './static-plan.js';
import { NOT_A_LAYER } from './unit.js';
import { findUnits, type Unit } from './unit.js';

/**
 * Rewrites the main graph into integer regions, with ranges from calibration data; layers outside them keep float computation and 8-bit
 * weights. Returns the number of calibration samples.
 */
export async function quantizeStatic(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<number> {
  const types = await inferFromData(model, options);
  const choice = chooseUnits(model, types, options, filter);
  const { rangeOf, calibration } = await calibrateRanges(model, valuesToCalibrate(choice.units), options);
  report.warnings.push(...calibration.warnings);
  const store = new CodeStore();
  const dropped = new Map<Unit, string>();
  const plan = makeStaticPlan(choice.units, rangeOf, options.activations, dropped);
  const reasons = new Map(choice.reasons);
  for (const [unit, reason] of dropped) reasons.set(unit.node, reason);
  const rest = reportLayers(model, plan, reasons, options, filter, report, store);
  await emitStatic(plan, options, store);
  await runWorks(rest, options, report);
  return calibration.samples;
}

/** Reports every layer in graph order and plans the storage of those that compute in float. */
function reportLayers(
  model: Model,
  plan: StaticPlan,
  reasons: ReadonlyMap<Node, string>,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
  store: CodeStore,
): Work[] {
  const units = new Map(plan.units.map((unit) => [unit.node, unit]));
  const layers = new Map(findLayers(model).map((layer) => [layer.node, layer]));
  const works: Work[] = [];
  const context = { options, report, store };
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const unit = units.get(node);
      const layer = layers.get(node);
      const reason = reasons.get(node) ?? 'inside a control-flow body, where activations are not calibrated';
      if (unit) reportUnit(unit, report);
      else if (!layer) {
        if (reasons.has(node) && !reason.startsWith(NOT_A_LAYER)) report.leftFloat(node, reason);
      } else if (filter(node) ?? refuseViews(layer.views)) {
        report.leftFloat(node, filter(node) ?? reason, storedBytes(layer.views));
      } else {
        works.push(...planStorage(layer, reason, context));
      }
    }
  }
  return works;
}

/** The decision of a static run, before anything is rewritten. */
export interface StaticChoice {
  readonly units: readonly Unit[];
  /** Nodes that stay in float, with reasons. */
  readonly reasons: ReadonlyMap<Node, string>;
}

/** Chooses the units of the main graph that run in integers. */
export function chooseUnits(
  model: Model,
  types: TypeTable,
  options: ResolvedOptions,
  filter: LayerFilter,
): StaticChoice {
  const context = { opset: model.opset, types, filter };
  const { units, reasons } = findUnits(model.graph.nodes(), context);
  const all = new Map(reasons);
  if (!options.costModel) return { units, reasons: all };
  const regions = chooseRegions(units, context);
  for (const [unit, reason] of regions.reasons) all.set(unit.node, reason);
  return { units: units.filter((unit) => regions.integer.has(unit)), reasons: all };
}

/** Types of all values for the shapes of the first calibration sample. */
export async function inferFromData(model: Model, options: ResolvedOptions): Promise<TypeTable> {
  const inputs: Record<string, ValueType> = {};
  for await (const batch of options.data!.batches({ inputs: modelInputs(model), batchSize: 1, limit: 1 })) {
    const feeds = { ...batch.feeds, ...batch.steps?.[0] };
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = tensorType(tensor.dtype, tensor.dims);
    break;
  }
  return inferTypes(model, { inputs });
}

/** Runs the calibration data once and makes the range of every value in `values`. */
export async function calibrateRanges(
  model: Model,
  values: readonly Value[],
  options: ResolvedOptions,
): Promise<{ rangeOf: RangeProvider; calibration: Calibration }> {
  const { calibrator, percentile, signal, onProgress } = options;
  const calibration = await calibrate(model, values, options.data!, {
    histogram: calibrator !== 'minmax',
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const rangeOf: RangeProvider = (value) => {
    const statistics = calibration.statistics.get(value.name);
    if (!statistics || !(statistics.max >= statistics.min)) return undefined;
    return chooseRange(statistics, { calibrator, percentile, bits: 8, mapping: 'asymmetric' });
  };
  return { rangeOf, calibration };
}

/** Rewrites the planned units. */
export async function emitStatic(plan: StaticPlan, options: ResolvedOptions, store: CodeStore): Promise<void> {
  const weights = {
    dtype: options.weights as 'int8' | 'uint8',
    perAxis: options.granularity === 'perAxis',
    reduceRange: options.reduceRange,
    signal: options.signal,
  };
  const emitter =
    options.format === 'qdq' ? new QdqEmitter(plan, weights, store) : new QOperatorEmitter(plan, weights, store);
  let done = 0;
  for (const unit of plan.units) {
    options.signal?.throwIfAborted();
    await emitter.emit(unit);
    options.onProgress?.({ stage: 'quantize', done: ++done, total: plan.units.length });
  }
}

function reportUnit({ node, kind, weight, biasAdd, clip }: Unit, report: ReportBuilder): void {
  const before = weight ? weight.stored.byteLength : 0;
  // int8 codes, a float32 scale and an int8 zero point a channel.
  const after = weight ? before / 4 + weight.shape[weight.outAxis]! * 5 : 0;
  const merged = [biasAdd, clip].filter((item) => item !== undefined).map((item) => `${item.op} ${item.id}`);
  const reason = kind === 'move' ? 'passes 8-bit codes on' : 'runs as an integer kernel';
  report.layer(node, {
    action: 'quantized',
    reason: merged.length > 0 ? `${reason}, with ${merged.join(' and ')}` : reason,
    bytes: { before, after },
  });
}
