import { layerFilter, type Model } from '@gossamer/graph';
import { type DataSource, keepSamples, modelInputs } from '@gossamer/runtime';
import { badOption } from '../errors.js';
import type { LayerRule } from '../options.js';
import { prepareModel } from '../prepare-model.js';
import { quantize } from '../quantize.js';
import { ReportBuilder } from '../report.js';
import { resolveOptions } from '../resolve-options.js';
import { constantBytes } from '../tensor-bytes.js';
import { type ChoiceUnit, findChoiceUnits, simulateUnits, unitBytes } from './choice-unit.js';
import { type Journal, JournalKeeper } from './journal.js';
import type { MixedPrecisionOptions, Sensitivity } from './mixed-precision-options.js';
import { type Choice, chooseWithin } from './choose-within.js';
import { LatencyTable, ruleOf } from './layer-latency.js';
import { predictLosses } from './predict-losses.js';
import { openMetric } from './true-metric.js';
import { type WeightOption, weightOption } from './weight-option.js';

/** What one unit of layers gets. */
export interface LayerBits {
  /** Ids of the layers: one, or all that read the same weights. */
  readonly layers: readonly string[];
  /** The candidate that was chosen. */
  readonly candidate: string;
  /** 'int4', 'uint3', 'float32', ... */
  readonly weights: string;
  /** Weights along the input axis that share a scale; 0: all of an output feature. */
  readonly blockSize: number;
  /** Bytes of the weights with their scales. */
  readonly bytes: number;
  /** Predicted loss of every candidate. */
  readonly losses: Readonly<Record<string, number>>;
}

export interface MixedPrecisionResult {
  readonly layers: readonly LayerBits[];
  /** The choice as `quantize` takes it, in weight-only mode: its option `layers`. */
  readonly rules: readonly LayerRule[];
  /** The float model whose weights have the values that the codes stand for: what quality is measured on. */
  readonly simulated: Model;
  /** All constant tensors: of the input, and of the result. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** What was minimised on held-out data, lower is better: before repair and after it. */
  readonly metric: { readonly name: string; readonly before: number; readonly after: number };
  /** With a budget of latency, milliseconds a run: of the float model, of the one that was chosen (written, not simulated), and the upper end of its 95 % interval. */
  readonly latency?: Choice['latency'];
  /** Cost grid of the allocation: 0 where it is exact. */
  readonly step: number;
  /** Every measurement that decided; given back as `journal`, the same choice comes without measuring. */
  readonly journal: Journal;
  readonly warnings: readonly string[];
}

const SENSITIVITIES: readonly Sensitivity[] = ['divergence', 'sqnr', 'hutchinson'];

/** A quarter of the calibration samples is held out for repair. */
const HELD_OUT = 1 / 4;

/**
 * Chooses the bits of each layer's weights under a budget: predicted losses of each layer and option, the best sum by a solver, then repair by the true
 * metric on held-out data. Activations stay in float here. `model` does not change.
 *
 * Source: Dong et al., "HAWQ", ICCV 2019 (arXiv:1905.03696), and "HAWQ-V2", NeurIPS 2020 (arXiv:1911.03852), for allotting bits by sensitivity;
 * measured divergence, the repair and the uniform choices it starts from are ours. Throws ERR_QUANTIZE_OPTION.
 */
export async function mixedPrecision(model: Model, given: MixedPrecisionOptions): Promise<MixedPrecisionResult> {
  const { samples = 64, repairs = 64, sensitivity = 'divergence', signal } = given;
  signal?.throwIfAborted();
  checkOptions(given);
  const report = new ReportBuilder();
  const base = prepare(model, given, report);
  const { filter, warnings } = layerFilter(base, { include: given.include ?? [], exclude: given.exclude ?? [] });
  const layout = { blockSize: given.blockSize ?? 0, clip: given.clip ?? false };
  const options = (given.candidates ?? ['int2', 'int3', 'int4', 'int8']).map((name) => weightOption(name, layout));
  const units = findChoiceUnits(base, filter);
  if (units.length === 0) badOption('include', 'at least one layer with weights', given.include ?? []);
  const { data, heldOut } = await splitData(base, given, samples);
  const journal = new JournalKeeper(given.journal, given.onMeasured);
  const losses = await predictLosses(sensitivity, { ...given, model: base, units, options, data, journal });
  const sizes = units.map((unit) => options.map((option) => unitBytes(unit, option)));
  const rest = constantBytes(base) - units.reduce((sum, { views }) => sum + storedBytes(views), 0);
  const metric = await openMetric(base, heldOut, given);
  const simulate = (choice: readonly number[]) =>
    simulateUnits(base, new Map(units.map((unit, u) => [unit, options[choice[u]!]!])));
  const times = new LatencyTable({ ...given, model: base, units, options, data, journal });
  let done = 0;
  const chosen = await chooseWithin({
    ...{ model: base, units, options, losses, sizes, rest, times, repairs, budget: given.budget },
    measure: (choice) => {
      signal?.throwIfAborted();
      given.onProgress?.({ stage: 'repair', done: ++done, total: repairs });
      const key = `${metric.name} of ${choice.map((o) => options[o]!.name).join()}`;
      return journal.measure(key, () => metric.measure(simulate(choice)));
    },
    write: async (choice) => {
      const rules = units.flatMap(({ layers }, u) => layers.map((id) => ruleOf(options[choice[u]!]!, id)));
      return (await quantize(base, { mode: 'weight-only', layers: rules, optimize: false })).model;
    },
  }).finally(() => metric.close());
  const { choice, before, after } = chosen;
  const layers = units.map((unit, u) => layerBits(unit, options, { sizes: sizes[u]!, losses: losses[u]! }, choice[u]!));
  return {
    layers,
    rules: layers.flatMap((bits) => bits.layers.map((id) => ruleOf(bits, id))),
    simulated: simulate(choice),
    bytes: {
      before: constantBytes(model),
      after: rest + sizes.reduce((sum, row, u) => sum + row[choice[u]!]!, 0),
    },
    metric: { name: metric.name, before, after },
    ...(chosen.latency ? { latency: chosen.latency } : {}),
    step: chosen.step,
    journal: journal.journal,
    warnings: [...report.warnings, ...warnings, ...(given.budget.latency === undefined ? [] : untimed(times))],
  };
}

const untimed = ({ untimed: layers }: LatencyTable): string[] =>
  layers.map(
    (id) =>
      `${id}: its time is not known by itself, as it is in a subgraph: it counts as 0 in the choice, and in the whole model's time`,
  );

function checkOptions(given: MixedPrecisionOptions): void {
  const { samples = 64, repairs = 64, blockSize = 0, candidates, sensitivity = 'divergence', budget } = given;
  const limits = [budget.bytes, budget.latency].filter((limit) => limit !== undefined);
  if (limits.length === 0 || !limits.every((limit) => limit > 0)) badOption('budget', 'bytes or latency, > 0', budget);
  if (!SENSITIVITIES.includes(sensitivity)) badOption('sensitivity', SENSITIVITIES.join(', '), sensitivity);
  for (const [name, value] of Object.entries({ samples, repairs })) {
    if (!(Number.isInteger(value) && value > 0)) badOption(name, 'an integer > 0', value);
  }
  if (!(Number.isInteger(blockSize) && blockSize >= 0)) badOption('blockSize', 'an integer >= 0', blockSize);
  if (candidates && (candidates.length === 0 || new Set(candidates).size < candidates.length)) {
    badOption('candidates', 'different names, at least one', candidates);
  }
}

/** The model in the form in which `quantize` sees its layers. */
function prepare(model: Model, { optimize, signal }: MixedPrecisionOptions, report: ReportBuilder): Model {
  const options = resolveOptions({
    mode: 'dynamic',
    ...(optimize === undefined ? {} : { optimize }),
    ...(signal ? { signal } : {}),
  });
  return prepareModel(model, options, report).copy;
}

const storedBytes = (views: ChoiceUnit['views']): number =>
  views.reduce((sum, { stored }) => sum + stored.byteLength, 0);

async function splitData(
  model: Model,
  { data, heldOut, batchSize, signal }: MixedPrecisionOptions,
  samples: number,
): Promise<{ data: DataSource; heldOut: DataSource }> {
  const inputs = modelInputs(model);
  const how = { ...(batchSize === undefined ? {} : { batchSize }), ...(signal ? { signal } : {}) };
  const more = Math.max(1, Math.round(samples * HELD_OUT));
  const [calibration, rest] = await keepSamples(data, inputs, { ...how, parts: heldOut ? [samples] : [samples, more] });
  if (calibration!.length === 0) badOption('data', 'at least one sample', 0);
  if (heldOut) return { data: calibration!, heldOut };
  return { data: calibration!, heldOut: rest!.length === 0 ? calibration! : rest! };
}

function layerBits(
  { layers }: ChoiceUnit,
  options: readonly WeightOption[],
  { sizes, losses }: { readonly sizes: readonly number[]; readonly losses: readonly number[] },
  chosen: number,
): LayerBits {
  return {
    layers,
    candidate: options[chosen]!.name,
    weights: options[chosen]!.weights,
    blockSize: options[chosen]!.blockSize,
    bytes: sizes[chosen]!,
    losses: Object.fromEntries(options.map(({ name }, o) => [name, losses[o]!])),
  };
}
