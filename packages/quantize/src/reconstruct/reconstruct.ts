import { inferTypes, type Model, type Node, symbol, Tensor, tensorType, type WeightView } from '@gossamer/graph';
import { type DataSource, float32View, layerwise, type LayerStep, modelInputs } from '@gossamer/runtime';
import { collectDataset } from '@gossamer/train';
import { badOption } from '../errors.js';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { type Activations, type RunOptions, runOver } from './activations.js';
import { Fisher } from './fisher.js';
import { valuesOf, weightOf } from './layer-weight.js';
import { reconstructUnit } from './reconstruct-unit.js';
import { type SoftWeight, softWeight } from './soft-weights.js';
import { readUnit, type UnitData } from './unit-data.js';
import { cutUnits } from './units.js';

export interface ReconstructOptions {
  /** Calibration samples; the first axis of every input is theirs. About 1,000: with fewer than 100, rounding is fitted to them alone. */
  readonly data: DataSource;
  /** Name of a scheme (uint3, nf4, ...). */
  readonly weights: string;
  /** Default 'row': a scale for each output feature. */
  readonly granularity?: SchemeLayout['granularity'];
  /** Which layers are quantized. Default: every one with a constant float weight that is no embedding and no recurrence. */
  readonly layers?: (node: Node) => boolean;
  /** 'auto': what lies between two places where one value crosses, residual blocks whole (BRECQ). 'layer': single layers (AdaRound). Default 'auto'. */
  readonly blocks?: 'auto' | 'layer';
  /** Updates a unit. Default 1000. */
  readonly iterations?: number;
  /** Samples of an update, where the model leaves it open. Default 32. */
  readonly batchSize?: number;
  /** Share of the elements of a unit's inputs that are the float model's, drawn anew at each update (QDrop). Default 0. */
  readonly drop?: number;
  /** 'fisher': errors weighted by the Fisher information of a classifier's scores. Default 'none'. */
  readonly importance?: 'fisher' | 'none';
  /** Default 0. */
  readonly seed?: number;
  /** Default: all cores. */
  readonly threads?: number;
  /** Where activations are kept meanwhile. Default: the system's place for temporary files. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReconstructProgress) => void;
}

export interface ReconstructProgress {
  readonly stage: 'reconstruct';
  /** Updates over all units. */
  readonly done: number;
  readonly total: number;
}

/** How a unit fared, by the mean squared error of its outputs over the calibration samples, inputs quantized. */
export interface UnitReport {
  readonly layers: readonly string[];
  /** Round to nearest on the same grid. */
  readonly nearest: number;
  readonly learned: number;
  readonly kept: 'learned' | 'nearest';
  /** Weights that were not within 1e-3 of a neighbour when they were rounded. */
  readonly unsettled: number;
}

export interface Reconstruction {
  /** By layer id, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  /** The model with the values of the codes in place of its weights. */
  readonly model: Model;
  readonly units: readonly UnitReport[];
  /** Layers that were left alone, each with its reason. */
  readonly left: readonly string[];
}

/** Samples of a forward run. */
const FORWARD = 128;

/**
 * Chooses the codes of weights unit by unit, in the order of the graph: which neighbour on the grid each weight takes is learned by gradient descent, so that
 * the unit behind the quantized ones gives what the float model does. A unit that is not better than rounded to nearest keeps that. BatchNormalization
 * should be folded before (runPasses). The input does not change.
 *
 * Sources: Nagel et al. 2020 (AdaRound, arXiv:2004.10568); Li et al., ICLR 2021 (BRECQ, arXiv:2102.05426); Wei et al., ICLR 2022 (QDrop, arXiv:2203.05740).
 */
export async function reconstruct(model: Model, options: ReconstructOptions): Promise<Reconstruction> {
  const { data, iterations = 1000, signal, threads, folder, onProgress } = options;
  check(options);
  const whole = model.clone();
  const isLayer = options.layers ?? (() => true);
  const layers = new Set([...whole.graph.nodes()].filter((node) => weightOf(node) && isLayer(node)));
  const units = cutUnits(whole, layers, inferTypes(whole), options.blocks ?? 'auto');
  const common = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const walk = await layerwise(whole, units, data, {
    ...{ ...common, streams: 'both', batchSize: FORWARD },
    ...(folder === undefined ? {} : { folder }),
  });
  const fisher = options.importance === 'fisher' ? await fisherOf(whole, options, common) : undefined;
  const weights = new Map<string, readonly QuantizedMatrix[]>();
  const reports: UnitReport[] = [];
  for await (const step of walk) {
    const views = step.views.filter(({ node, role }) => role === 'weight' && layers.has(node));
    if (views.length === 0) continue;
    const importance = (await fisher?.at(step.outputs)) ?? new Map<string, Tensor>();
    const solved = await solveStep(step, views, importance, options, (done) =>
      onProgress?.({ stage: 'reconstruct', done: step.index * iterations + done, total: walk.length * iterations }),
    );
    for (const view of views) {
      const matrices = solved.weights.get(view.layerId)!;
      weights.set(view.layerId, matrices);
      step.setWeight(view, valuesOf(view, matrices));
    }
    reports.push(solved.report);
  }
  for (const node of layers) {
    const matrices = weights.get(node.id);
    const view = weightOf(node)!;
    if (matrices) view.write(valuesOf(view, matrices));
  }
  const left = walk.unreached.map(({ node, reason }) => `${node.id}: ${reason}`);
  return { weights, model: whole, units: reports, left };
}

function check({ iterations = 1000, batchSize = 32, drop = 0, weights }: ReconstructOptions): void {
  findScheme(weights);
  if (!Number.isInteger(iterations) || iterations < 1) badOption('iterations', 'an integer of at least 1', iterations);
  if (!Number.isInteger(batchSize) || batchSize < 1) badOption('batchSize', 'an integer of at least 1', batchSize);
  if (!(drop >= 0 && drop <= 1)) badOption('drop', 'a number from 0 to 1', drop);
}

async function fisherOf(model: Model, options: ReconstructOptions, common: Pick<RunOptions, 'threads' | 'signal'>) {
  const { data, seed = 0, batchSize = 32 } = options;
  const dataset = await collectDataset(data, { inputs: modelInputs(model) });
  return new Fisher(model, dataset, { ...common, batch: batchSize, seed });
}

async function solveStep(
  step: LayerStep,
  views: readonly WeightView[],
  importance: Activations,
  options: ReconstructOptions,
  onIteration: (done: number) => void,
): Promise<{ weights: ReadonlyMap<string, readonly QuantizedMatrix[]>; report: UnitReport }> {
  const { iterations = 1000, batchSize = 32, drop = 0, seed = 0, signal, threads, granularity = 'row' } = options;
  const common = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const data = await readUnit(step);
  const part = withOpenBatch(step.model('quantized'));
  const scheme = findScheme(options.weights);
  const nodes = new Map([...part.graph.nodes()].map((node) => [node.id, node]));
  const soft = views.map(({ layerId }) =>
    softWeight(weightOf(nodes.get(layerId)!)!, (values, rows, columns) =>
      scheme.fit(values, { rows, columns, granularity, clip: true, seed }),
    ),
  );
  const errorsWith = async (matrices: (weight: SoftWeight) => readonly QuantizedMatrix[]) =>
    squaredErrors(await runOver(written(part, soft, matrices), data.inputs, { ...common, batch: FORWARD }), data);
  const before = await errorsWith(({ nearest }) => nearest);
  const { weights, unsettled } = await reconstructUnit(part, soft, data, {
    ...{ ...common, iterations, batch: batchSize, drop, seed, importance, nearestErrors: before, onIteration },
  });
  const [nearest, learned] = [sum(before), sum(await errorsWith(({ name }) => weights.get(name)!))];
  const kept = learned < nearest ? 'learned' : 'nearest';
  const chosen = soft.map((weight) => (kept === 'learned' ? weights.get(weight.name)! : weight.nearest));
  return {
    weights: new Map(views.map(({ layerId }, i) => [layerId, chosen[i]!])),
    report: { layers: views.map(({ layerId }) => layerId), nearest, learned, kept, unsettled },
  };
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
