import { inferTypes, type Model, type Node, type TypeTable, type ValueType, tensorType } from '@gossamer/graph';
import { type Calibration, calibrate, chooseRange, modelInputs, type ObserveRequest } from '@gossamer/runtime';
import { finishModel } from '../finish-model.js';
import type { LayerFilter } from '../layer-selection.js';
import { findLayers, refuseLayer, storedBytes } from '../layers.js';
import type { ActivationDtype } from '../options.js';
import { type LayerReport, ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { codeBounds, inputChannelAxis, maySaturate } from '../saturation/code-bounds.js';
import { CodeStore } from '../weights/code-store.js';
import { WeightReader } from '../weights/weight-reader.js';
import { nameLayer } from '../name-layer.js';
import { readAhead } from '../read-ahead.js';
import { planStorage } from '../storage.js';
import { runWorks, type Work } from '../work.js';
import type { RangeProvider } from './activation-params.js';
import { requireIntegers, withoutFloatEnds } from '../integer-only/float-parts.js';
import { chooseRegions, crossableValues } from './choose-regions.js';
import { QdqEmitter } from './emit-qdq.js';
import { QOperatorEmitter } from './emit-qoperator.js';
import { findKeptFloat } from './keep-float.js';
import { layerNoise } from './layer-noise.js';
import { qualityFeeds } from './output-quality.js';
import { accuracyGoal, sqnrGoal } from './quality-goal.js';
import { type LearnedCodes, learnCodes } from './learn-codes.js';
import { quantizeUnitWeights, type UnitWeights } from './unit-weights.js';
import { unitForm } from './unit-form.js';
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
  const context = { opset: model.opset, types, filter, integerOnly: options.integerOnly };
  const { units, reasons } = findUnits(model.graph.nodes(), context);
  const all = new Map(reasons);
  if (options.integerOnly) return { units: withoutFloatEnds(model, units, all), reasons: all };
  // Its costs are those of 8-bit kernels.
  if (!options.costModel || isWide(options.activations)) return { units, reasons: all };
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

/** Ranges of input channels, which say whether sums can saturate. */
function channelRequests({ units }: StaticChoice, types: TypeTable, options: ResolvedOptions): ObserveRequest[] {
  if (options.reduceRange !== 'auto') return [];
  return units.flatMap((unit) => {
    const axis = unit.weight && inputChannelAxis(unit, types);
    return axis === undefined ? [] : [{ value: unit.node.input(unit.slots[0]!)!, axis }];
  });
}

/** Runs the calibration data once and makes the range of every value in `values`. */
export async function calibrateRanges(
  model: Model,
  values: readonly ObserveRequest[],
  options: ResolvedOptions,
): Promise<{ rangeOf: RangeProvider; calibration: Calibration }> {
  const { calibrator, percentile, threads, signal, onProgress } = options;
  const calibration = await calibrate(model, values, options.data!, {
    histogram: calibrator !== 'minmax',
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const rangeOf: RangeProvider = (value) => {
    const statistics = calibration.statistics.get(value.name);
    if (!statistics || !(statistics.max >= statistics.min)) return undefined;
    return chooseRange(statistics, {
      calibrator,
      percentile,
      bits: isWide(options.activations) ? 16 : 8,
      mapping: 'asymmetric',
    });
  };
  return { rangeOf, calibration };
}

/** The weights of all units, by the algorithm that was asked for. */
async function learnWeights(model: Model, plan: StaticPlan, options: ResolvedOptions): Promise<LearnedCodes> {
  const reader = new WeightReader(options.signal);
  const rounded = new Map<Unit, UnitWeights>();
  for (const unit of plan.units) {
    if (!unit.weight) continue;
    const { scale } = plan.params(plan.inputs.get(unit)![0]!);
    rounded.set(
      unit,
      await nameLayer(unit.node.id, quantizeUnitWeights(unit, scale, { ...unitForm(options, unit.node), reader })),
    );
  }
  return learnCodes(model, rounded, options);
}

/** Rewrites the planned units. */
export async function emitStatic(
  plan: StaticPlan,
  calibration: Calibration,
  options: ResolvedOptions,
  store: CodeStore,
  report: ReportBuilder,
  learned?: LearnedCodes,
): Promise<void> {
  const reader = new WeightReader(options.signal);
  const emitter = options.format === 'qdq' ? new QdqEmitter(plan, store) : new QOperatorEmitter(plan, store);
  const reduced = new Set<Unit>();
  const prepare = async (unit: Unit) => {
    const [input] = plan.inputs.get(unit)!;
    if (!unit.weight) return undefined;
    const known = learned?.weights.get(unit);
    if (known) return known;
    const params = plan.params(input!);
    const weights = { ...unitForm(options, unit.node), reader };
    const full = await nameLayer(unit.node.id, quantizeUnitWeights(unit, params.scale, weights));
    if (options.reduceRange !== 'auto' || !maySaturate(unit, full, codeBounds(input!, params, calibration)))
      return full;
    reduced.add(unit);
    return quantizeUnitWeights(unit, params.scale, { ...weights, reduceRange: true });
  };
  let done = 0;
  for await (const [unit, quantized] of readAhead(plan.units, prepare)) {
    options.signal?.throwIfAborted();
    // Before the edit: names of removed nodes change.
    const { id, kind } = unit.node;
    const fate = unitFate(unit, options);
    const after = emitter.emit(unit, quantized);
    const note = learned?.notes.get(unit);
    const reason = note
      ? `${fate.reason}; ${note}`
      : reduced.has(unit)
        ? `${fate.reason}; weights in 7 bits, or sums could saturate`
        : fate.reason;
    report.layer({ id, kind }, { ...fate, reason, bytes: { before: unitBytes(unit), after } });
    options.onProgress?.({ stage: 'quantize', done: ++done, total: plan.units.length });
  }
}

/** 16 bits: no CPU kernel computes on them. */
const isWide = (dtype: ActivationDtype): boolean => dtype.endsWith('16');

function unitBytes({ weight }: Unit): number {
  return weight ? weight.stored.byteLength : 0;
}

type Fate = Pick<LayerReport, 'action' | 'reason' | 'merged'>;

function unitFate({ kind, node, biasAdd, clip }: Unit, options: ResolvedOptions): Fate {
  const { activations } = options;
  const nodes = [biasAdd, clip].filter((item) => item !== undefined);
  const isCompute = kind === 'compute';
  const action = isWide(activations) ? 'weight-only' : 'quantized';
  const stored = isCompute && unitForm(options, node).bits === 4 ? ', weights stored in 4 bits' : '';
  const runs = isWide(activations) ? '16-bit activations, computed in float' : 'runs as an integer kernel';
  const reason = kind === 'move' ? `passes ${isWide(activations) ? 16 : 8}-bit codes on` : `${runs}${stored}`;
  if (nodes.length === 0) return { action, reason };
  return {
    action,
    reason: `${reason}, with ${nodes.map(({ op }) => op).join(' and ')}`,
    merged: nodes.map(({ id }) => id),
  };
}
