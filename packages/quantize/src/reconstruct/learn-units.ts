import { join } from 'node:path';
import { inferTypes, type Model, type Node, type Tensor, type WeightView } from '@gossamer/graph';
import { type DataSource, layerwise, modelInputs } from '@gossamer/runtime';
import { collectDataset } from '@gossamer/train';
import { SolvedStore } from '../algorithms/solved-store.js';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { Fisher } from './fisher.js';
import { valuesOf, weightOf } from './layer-weight.js';
import {
  FORWARD,
  type SolvedUnit,
  solveUnit,
  type UnitReport,
  type UnitSettings,
  type UnitStore,
} from './solve-unit.js';
import { cutUnits } from './units.js';

export interface LearnOptions extends Omit<UnitSettings, 'store'> {
  readonly data: DataSource;
  readonly blocks: 'auto' | 'layer';
  readonly importance: 'fisher' | 'none';
  /** Whose rounding is learned, of the layers that have one weight. */
  readonly isLearned: (node: Node) => boolean;
  /** Codes of weights whose rounding is not learned; undefined: they stay float. */
  readonly codes?: (view: WeightView) => readonly QuantizedMatrix[] | undefined;
  /** Where learned units are kept for a run that takes up an ended one, and activations meanwhile. Default: nowhere; the system's place for temporary files. */
  readonly folder?: string | undefined;
  /** Updates over all units. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface LearnedUnits {
  /** By layer id, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  readonly units: readonly UnitReport[];
  /** Layers that the data do not reach, each with its reason. */
  readonly left: readonly string[];
  readonly samples: number;
}

/** Learns the rounding of the layers of `whole`, unit by unit in the order of the graph, each behind the quantized ones. `whole` stays as it is. */
export async function learnUnits(whole: Model, options: LearnOptions): Promise<LearnedUnits> {
  const { data, isLearned, codes, folder, blocks, iterations, threads, signal, onProgress } = options;
  const layers = new Set([...whole.graph.nodes()].filter((node) => weightOf(node) && isLearned(node)));
  const units = cutUnits(whole, layers, inferTypes(whole), blocks);
  const walk = await layerwise(whole, units, data, {
    ...{ streams: 'both', batchSize: FORWARD },
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(folder === undefined ? {} : { folder }),
  });
  const fisher = options.importance === 'fisher' ? await fisherOf(whole, options) : undefined;
  const store: UnitStore | undefined = folder === undefined ? undefined : new SolvedStore(join(folder, 'solved'));
  const weights = new Map<string, readonly QuantizedMatrix[]>();
  const reports: UnitReport[] = [];
  let samples = 0;
  for await (const step of walk) {
    samples = step.samples;
    const views = step.views.filter(({ node, role }) => role === 'weight' && layers.has(node));
    for (const view of step.views) {
      const known = views.includes(view) ? undefined : codes?.(view);
      if (known) step.setWeight(view, valuesOf(view, known));
    }
    if (views.length === 0) continue;
    const importance = (await fisher?.at(step.outputs)) ?? new Map<string, Tensor>();
    const solved: SolvedUnit = await solveUnit(step, views, importance, { ...options, store }, (done) =>
      onProgress?.(step.index * iterations + done, walk.length * iterations),
    );
    for (const view of views) {
      const matrices = solved.weights.get(view.layerId)!;
      weights.set(view.layerId, matrices);
      step.setWeight(view, valuesOf(view, matrices));
    }
    reports.push(solved.report);
  }
  const left = walk.unreached.map(({ node, reason }) => `${node.id}: ${reason}`);
  return { weights, units: reports, left, samples };
}

async function fisherOf(model: Model, { data, seed, batchSize, threads, signal }: LearnOptions) {
  const dataset = await collectDataset(data, { inputs: modelInputs(model) });
  const common = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  return new Fisher(model, dataset, { ...common, batch: batchSize, seed });
}
