import { inferTypes, type LayerFilter, type Model, type Node, type TypeTable } from '@gossamer/graph';
import type { Calibration } from '@gossamer/runtime';
import { finishModel } from '../finish-model.js';
import { requireIntegers } from '../integer-only/float-parts.js';
import { findLayers, refuseLayer, storedBytes } from '../layers.js';
import { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { planStorage } from '../storage.js';
import { CodeStore } from '../weights/code-store.js';
import { WeightReader } from '../weights/weight-reader.js';
import { runWorks, type Work } from '../work.js';
import type { RangeProvider } from './activation-params.js';
import { calibrateRanges, channelRequests, inferFromData } from './calibrate-ranges.js';
import { crossableValues } from './choose-regions.js';
import { chooseUnits, isWide } from './choose-units.js';
import { emitStatic, learnWeights, unitBytes, unitFate } from './emit-static.js';
import { findKeptFloat } from './keep-float.js';
import { layerNoise } from './layer-noise.js';
import { qualityFeeds } from './output-quality.js';
import { accuracyGoal, sqnrGoal } from './quality-goal.js';
import { makeStaticPlan, type StaticPlan, valuesToCalibrate } from './static-plan.js';
import { NOT_A_LAYER, type StaticChoice, type Unit } from './unit.js';

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
  if (options.integerOnly) report.warnings.push(...requireIntegers(model, choice));
  if (options.format === 'qoperator' && options.activations === 'int8') {
    report.warnings.push('QLinear operators with int8 activations run slowly on x64: uint8 activations or qdq do not');
  }
  if (isWide(options.activations)) {
    report.warnings.push(
      `${options.activations} activations are for other providers: ONNX Runtime computes in float between them on CPU`,
    );
  }
  const isAuto = options.keepFloat === 'auto' || options.accuracy !== undefined;
  // What goes back to float changes the borders of regions: then any of their values may need a range.
  const values = isAuto ? [...crossableValues(choice.units)] : valuesToCalibrate(choice.units);
  const { rangeOf, calibration } = await calibrateRanges(
    model,
    [...values, ...channelRequests(choice, types, options)],
    options,
  );
  report.warnings.push(...calibration.warnings);
  const kept = isAuto
    ? await keepFloat(model, types, rangeOf, calibration, options, filter, report)
    : new Map<string, string>();
  const planned = kept.size > 0 ? planStatic(model, types, rangeOf, options, withKept(filter, kept)) : undefined;
  const decided = planned ?? planChoice(choice, rangeOf, options);
  // Units without a range may have been dropped.
  if (options.integerOnly) requireIntegers(model, { units: decided.plan.units, reasons: decided.reasons });
  await rewrite(model, decided, calibration, options, filter, report);
  return calibration.samples;
}

/** Does what was planned, and stores the weights of the other layers. */
async function rewrite(
  model: Model,
  { plan, reasons }: Planned,
  calibration: Calibration,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const store = new CodeStore();
  const rest = reportLayers(model, plan, reasons, options, filter, report, store);
  const learned = options.rounding && (await learnWeights(model, plan, options));
  report.warnings.push(...(learned?.warnings ?? []));
  await emitStatic(plan, calibration, options, store, report, learned);
  await runWorks(rest, options, report);
}

interface Planned {
  readonly plan: StaticPlan;
  readonly reasons: ReadonlyMap<Node, string>;
}

function planStatic(
  model: Model,
  types: TypeTable,
  rangeOf: RangeProvider,
  options: ResolvedOptions,
  filter: LayerFilter,
): Planned {
  return planChoice(chooseUnits(model, types, options, filter), rangeOf, options);
}

function planChoice(choice: StaticChoice, rangeOf: RangeProvider, options: ResolvedOptions): Planned {
  const dropped = new Map<Unit, string>();
  const plan = makeStaticPlan(choice.units, rangeOf, options.activations, dropped);
  const reasons = new Map(choice.reasons);
  for (const [unit, reason] of dropped) reasons.set(unit.node, reason);
  return { plan, reasons };
}

const withKept =
  (filter: LayerFilter, kept: ReadonlyMap<string, string>): LayerFilter =>
  (node) =>
    filter(node) ?? kept.get(node.id);

/** Finds the layers to keep in float, worst noise first, and says what that brought. */
async function keepFloat(
  model: Model,
  types: TypeTable,
  rangeOf: RangeProvider,
  calibration: Calibration,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<Map<string, string>> {
  const { onProgress, ...quiet } = options;
  const { signal, targetSqnr, accuracy } = options;
  const feeds = await qualityFeeds(model, options.data!);
  const goal = accuracy
    ? await accuracyGoal(model, accuracy, options)
    : await sqnrGoal(model, feeds, targetSqnr, options);
  const bindings = { bind: types.bindings };
  const fresh = (kept: ReadonlyMap<string, string>) => {
    const copy = model.clone();
    return { copy, ...planStatic(copy, inferTypes(copy, bindings), rangeOf, options, withKept(filter, kept)) };
  };
  const probe = fresh(new Map());
  const noise = await layerNoise(probe.copy, probe.plan, feeds, options);
  const worstFirst = [...noise.keys()].sort((a, b) => noise.get(b)! - noise.get(a)!);
  const build = async (kept: ReadonlySet<string>) => {
    const { copy, ...planned } = fresh(new Map([...kept].map((id) => [id, 'kept in float'])));
    await rewrite(copy, planned, calibration, quiet, filter, new ReportBuilder());
    finishModel(copy, options, 0);
    return copy;
  };
  let done = 0;
  const onStep = () => onProgress?.({ stage: 'keep-float', done: ++done, total: undefined });
  const found = await findKeptFloat(worstFirst, build, goal, { signal, onStep });
  const [before, after] = [goal.describe(found.before), goal.describe(found.after)];
  if (found.after < goal.target) {
    report.warnings.push(`keepFloat: expected ${goal.describe(goal.target)}, reached ${after}`);
  }
  const gain = `${after} with it and its like in float, ${before} without`;
  return new Map([...found.kept].map((id) => [id, `quantizing it adds the most noise: ${gain}`]));
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
  const context = { options, report, store, reader: new WeightReader(options.signal) };
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const unit = units.get(node);
      const layer = layers.get(node);
      const reason = reasons.get(node) ?? 'inside a control-flow body, where activations are not calibrated';
      if (unit) {
        const bytes = { before: unitBytes(unit), after: unitBytes(unit) };
        report.layer(node, { ...unitFate(unit, options), bytes });
      } else if (!layer) {
        if (reasons.has(node) && !reason.startsWith(NOT_A_LAYER)) report.leftFloat(node, reason);
      } else if (filter(node) ?? refuseLayer(layer)) {
        report.leftFloat(
          node,
          filter(node) ?? (layer.views.length > 0 ? refuseLayer(layer)! : reason),
          storedBytes(layer.views),
        );
      } else {
        works.push(...planStorage(layer, reason, context));
      }
    }
  }
  return works;
}
