import { type Model } from '@gossamer/graph';
import { type DataSource, evaluateMetrics, keepSamples, modelInputs, ModelTrials, Session } from '@gossamer/runtime';
import { badOption } from '../errors.js';
import { layerFilter } from '../layer-selection.js';
import type { LayerRule } from '../options.js';
import { prepareModel } from '../prepare-model.js';
import { ReportBuilder } from '../report.js';
import { resolveOptions } from '../resolve-options.js';
import { sessionOptions } from '../session-options.js';
import { constantBytes } from '../tensor-bytes.js';
import { allocateBits, type BitOption } from './allocate-bits.js';
import { type ChoiceUnit, findChoiceUnits, simulateUnits, unitBytes } from './choice-unit.js';
import { type Journal, JournalKeeper } from './journal.js';
import type { MixedPrecisionOptions, Sensitivity } from './mixed-precision-options.js';
import { lossOf, predictLosses } from './predict-losses.js';
import { repairChoice } from './repair-choice.js';
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
  const { filter, warnings } = layerFilter(base, given.include ?? [], given.exclude ?? []);
  const layout = { blockSize: given.blockSize ?? 0, clip: given.clip ?? false };
  const options = (given.candidates ?? ['int2', 'int3', 'int4', 'int8']).map((name) => weightOption(name, layout));
  const units = findChoiceUnits(base, filter);
  if (units.length === 0) badOption('include', 'at least one layer with weights', given.include ?? []);
  const { data, heldOut } = await splitData(base, given, samples);
  const journal = new JournalKeeper(given.journal, given.onMeasured);
  const losses = await predictLosses(sensitivity, { ...given, model: base, units, options, data, journal });
  const table = units.map((unit, u) =>
    options.map((option, o) => ({ cost: unitBytes(unit, option), omega: losses[u]![o]! })),
  );
  const rest = constantBytes(base) - units.reduce((sum, { views }) => sum + storedBytes(views), 0);
  const allocation = allocate(table, rest, given.budget.bytes);
  const metric = await openMetric(base, heldOut, given);
  const simulate = (choice: readonly number[]) =>
    simulateUnits(base, new Map(units.map((unit, u) => [unit, options[choice[u]!]!])));
  let done = 0;
  const repaired = await repairChoice(
    table,
    allocation,
    (choice) => {
      signal?.throwIfAborted();
      given.onProgress?.({ stage: 'repair', done: ++done, total: repairs });
      const key = `${metric.name} of ${choice.map((o) => options[o]!.name).join()}`;
      return journal.measure(key, () => metric.measure(simulate(choice)));
    },
    { budget: given.budget.bytes - rest, repairs },
  ).finally(() => metric.close());
  const { choice, before, after } = repaired;
  const layers = units.map((unit, u) => layerBits(unit, options, table[u]!, choice[u]!));
  return {
    layers,
    rules: layers.flatMap(rulesOf),
    simulated: simulate(choice),
    bytes: {
      before: constantBytes(model),
      after: rest + table.reduce((sum, row, u) => sum + row[choice[u]!]!.cost, 0),
    },
    metric: { name: metric.name, before, after },
    step: allocation.step,
    journal: journal.journal,
    warnings: [...report.warnings, ...warnings],
  };
}

function checkOptions(given: MixedPrecisionOptions): void {
  const { samples = 64, repairs = 64, blockSize = 0, candidates, sensitivity = 'divergence' } = given;
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

function allocate(table: readonly (readonly BitOption[])[], rest: number, bytes: number) {
  const least = table.reduce((sum, row) => sum + Math.min(...row.map(({ cost }) => cost)), rest);
  if (!(bytes >= least)) badOption('budget.bytes', `at least ${least}, with every layer at its smallest`, bytes);
  return allocateBits(table, bytes - rest);
}

interface TrueMetric {
  readonly name: string;
  /** Lower is better. */
  measure(changed: Model): Promise<number>;
  close(): Promise<void>;
}

async function openMetric(model: Model, data: DataSource, given: MixedPrecisionOptions): Promise<TrueMetric> {
  const { metric, batchSize } = given;
  const run = sessionOptions(given);
  if (!metric) {
    let trials: Promise<ModelTrials> | undefined;
    const open = () => (trials ??= ModelTrials.open(model, data, run));
    return {
      name: 'divergence',
      measure: async (changed) => lossOf(await (await open()).measure(changed)),
      close: async () => undefined,
    };
  }
  const { name, better, needs } = metric();
  const reference = needs === 'reference' ? await Session.open(model, run) : undefined;
  return {
    name,
    async measure(changed) {
      const fresh = metric();
      const session = await Session.open(changed, run);
      try {
        const how = { ...(batchSize === undefined ? {} : { batchSize }), ...(reference ? { reference } : {}) };
        const [result] = await evaluateMetrics(session, data, [fresh], {
          ...how,
          ...(run.signal ? { signal: run.signal } : {}),
        });
        return better === 'lower' ? result!.value : -result!.value;
      } finally {
        await session.dispose();
      }
    },
    close: async () => reference?.dispose(),
  };
}

function rulesOf({ layers, weights, blockSize }: LayerBits): LayerRule[] {
  const blocks = { granularity: 'perBlock', blockSize } as const;
  const layout = weights === 'float32' ? {} : blockSize > 0 ? blocks : ({ granularity: 'perAxis' } as const);
  return layers.map((match) => ({ match, weights, ...layout }));
}

function layerBits(
  { layers }: ChoiceUnit,
  options: readonly WeightOption[],
  row: readonly BitOption[],
  chosen: number,
): LayerBits {
  return {
    layers,
    candidate: options[chosen]!.name,
    weights: options[chosen]!.weights,
    blockSize: options[chosen]!.blockSize,
    bytes: row[chosen]!.cost,
    losses: Object.fromEntries(options.map(({ name }, o) => [name, row[o]!.omega])),
  };
}
