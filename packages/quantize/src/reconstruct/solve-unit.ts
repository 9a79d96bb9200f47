import { isGossamerError, type Model, symbol, Tensor, tensorType, type WeightView } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { float32View, type LayerStep } from '@gossamer/runtime';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import type { SolvedStore } from '../algorithms/solved-store.js';
import { type QuantizedMatrix, quantizedMatrixParts } from '../grid/quantized-matrix.js';
import { type Activations, runOver } from './activations.js';
import { valuesOf, weightOf } from './layer-weight.js';
import { reconstructUnit } from './reconstruct-unit.js';
import { type SoftWeight, softWeight } from './soft-weights.js';
import { readUnit, type UnitData } from './unit-data.js';

/** How a unit is learned. */
export interface UnitSettings {
  /** The grid of a weight's matrices. */
  readonly fit: (view: WeightView) => WeightPlan['fit'];
  /** Updates. */
  readonly iterations: number;
  /** Samples of an update, where the model leaves it open. */
  readonly batchSize: number;
  /** Share of the elements of the inputs that are the float model's; 0: none. */
  readonly drop: number;
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where learned units are kept, for a run that takes up an ended one. */
  readonly store?: UnitStore | undefined;
}

/** Learned units: the matrices of all their layers, one behind the other. */
export type UnitStore = SolvedStore<{ readonly report: UnitReport }>;

/** How a unit fared, by the mean squared error of its outputs over the calibration samples, inputs quantized. */
export interface UnitReport {
  readonly layers: readonly string[];
  /** Round to nearest on the same grid. */
  readonly nearest: number;
  /** NaN where nothing could be learned. */
  readonly learned: number;
  readonly kept: 'learned' | 'nearest';
  /** Weights that were not within 1e-3 of a neighbour when they were rounded. */
  readonly unsettled: number;
  /** Why nothing could be learned. */
  readonly reason?: string;
}

export interface SolvedUnit {
  /** By layer id, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  readonly report: UnitReport;
}

/** Samples of a forward run. */
export const FORWARD = 128;

/** Learns the rounding of `views`, weights of a step. A unit that is not better than rounded to nearest, or that has no training form, keeps that. */
export async function solveUnit(
  step: LayerStep,
  views: readonly WeightView[],
  importance: Activations,
  options: UnitSettings,
  onIteration: (done: number) => void,
): Promise<SolvedUnit> {
  const { fit, iterations, batchSize, drop, seed, signal, threads, store } = options;
  const common = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const part = withOpenBatch(step.model('quantized'));
  const nodes = new Map([...part.graph.nodes()].map((node) => [node.id, node]));
  const soft = views.map((view) => softWeight(weightOf(nodes.get(view.layerId)!)!, fit(view)));
  const layers = views.map(({ layerId }) => layerId);
  const chosen = (matrices: (weight: SoftWeight) => readonly QuantizedMatrix[]) =>
    new Map(layers.map((layer, i) => [layer, matrices(soft[i]!)]));
  let nearest = NaN;
  try {
    const data = await readUnit(step);
    const key = store && keyOf(store, part, soft, data, importance, options);
    const known = key === undefined ? undefined : store?.find(key);
    if (known) {
      const rest = [...known.matrices];
      const weights = chosen(({ nearest }) => rest.splice(0, nearest.length));
      onIteration(iterations);
      return { weights, report: known.report };
    }
    const errorsWith = async (matrices: (weight: SoftWeight) => readonly QuantizedMatrix[]) =>
      squaredErrors(await runOver(written(part, soft, matrices), data.inputs, { ...common, batch: FORWARD }), data);
    const before = await errorsWith((weight) => weight.nearest);
    nearest = sum(before);
    const { weights, unsettled } = await reconstructUnit(part, soft, data, {
      ...{ ...common, iterations, batch: batchSize, drop, seed, importance, nearestErrors: before, onIteration },
    });
    const learned = sum(await errorsWith(({ name }) => weights.get(name)!));
    const kept = learned < nearest ? 'learned' : 'nearest';
    const solved: SolvedUnit = {
      weights: chosen((weight) => (kept === 'learned' ? weights.get(weight.name)! : weight.nearest)),
      report: { layers, nearest, learned, kept, unsettled },
    };
    if (key !== undefined) store?.put(key, { report: solved.report, matrices: [...solved.weights.values()].flat() });
    return solved;
  } catch (error) {
    // A node without a gradient, or values whose first axis is not that of the samples.
    if (!isGossamerError(error) || signal?.aborted) throw error;
    const report = { layers, nearest, learned: NaN, kept: 'nearest', unsettled: 0, reason: error.message } as const;
    return { weights: chosen((weight) => weight.nearest), report };
  }
}

/** Of the unit with its weights, their grids, what it is learned from and how. */
function keyOf(
  store: UnitStore,
  part: Model,
  soft: readonly SoftWeight[],
  { inputs, floatInputs, targets }: UnitData,
  importance: Activations,
  { iterations, batchSize, drop, seed }: UnitSettings,
): string {
  const tensors = [inputs, floatInputs, targets, importance].map((values) =>
    [...values].map(([name, tensor]) => [name, tensor.hash()]),
  );
  const grids = soft.flatMap(({ nearest }) => nearest.map(quantizedMatrixParts));
  const settings = ['unit', iterations, batchSize, drop, seed, tensors, grids.map(({ plain }) => plain)];
  return store.keyOf(settings, [serializeModel(part), ...grids.flatMap(({ arrays }) => Object.values(arrays))]);
}

/** The number of samples is not what the runs of the walk had. */
function withOpenBatch(part: Model): Model {
  for (const value of part.graph.inputs) {
    if (value.type?.kind !== 'tensor' || !value.type.shape) continue;
    const { dtype, shape } = value.type;
    part.graph.setType(value, tensorType(dtype, [symbol('samples'), ...shape.slice(1)]));
  }
  return part;
}

function written(
  part: Model,
  soft: readonly SoftWeight[],
  matrices: (weight: SoftWeight) => readonly QuantizedMatrix[],
): Model {
  const copy = part.clone();
  for (const weight of soft) {
    const values = Tensor.of('float32', weight.view.shape, valuesOf(weight.view, matrices(weight)));
    copy.graph.setInitializer(copy.graph.value(weight.name)!, values);
  }
  return copy;
}

const sum = (errors: ReadonlyMap<string, number>): number => [...errors.values()].reduce((a, b) => a + b, 0);

/** Mean squared error of each output. */
function squaredErrors(outputs: Activations, { targets }: UnitData): ReadonlyMap<string, number> {
  return new Map(
    [...targets].map(([name, target]) => {
      const [a, b] = [float32View(outputs.get(name)!), float32View(target)];
      let total = 0;
      for (let i = 0; i < b.length; i++) total += (a[i]! - b[i]!) ** 2;
      return [name, total / b.length];
    }),
  );
}
