import type { Model, Node } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import { badOption } from '../errors.js';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { valuesOf, weightOf } from './layer-weight.js';
import { learnUnits } from './learn-units.js';
import type { UnitReport } from './solve-unit.js';

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
  /** Where learned units are kept for a run that takes up an ended one, and activations meanwhile. Default: nowhere; the system's place for temporary files. */
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

export interface Reconstruction {
  /** By layer id, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  /** The model with the values of the codes in place of its weights. */
  readonly model: Model;
  readonly units: readonly UnitReport[];
  /** Layers that were left alone, each with its reason. */
  readonly left: readonly string[];
}

/**
 * Chooses the codes of weights unit by unit, in the order of the graph: which neighbour on the grid each weight takes is learned by gradient descent, so that
 * the unit behind the quantized ones gives what the float model does. A unit that is not better than rounded to nearest keeps that. BatchNormalization
 * should be folded before (runPasses). The input does not change.
 *
 * Sources: Nagel et al. 2020 (AdaRound, arXiv:2004.10568); Li et al., ICLR 2021 (BRECQ, arXiv:2102.05426); Wei et al., ICLR 2022 (QDrop, arXiv:2203.05740).
 */
export async function reconstruct(model: Model, options: ReconstructOptions): Promise<Reconstruction> {
  const { granularity = 'row', seed = 0, onProgress } = options;
  check(options);
  const scheme = findScheme(options.weights);
  const { weights, units, left } = await learnUnits(model, {
    ...{ iterations: 1000, batchSize: 32, drop: 0, blocks: 'auto', importance: 'none', ...options, seed },
    isLearned: options.layers ?? (() => true),
    fit: () => (values, rows, columns) => scheme.fit(values, { rows, columns, granularity, clip: true, seed }),
    onProgress: (done, total) => onProgress?.({ stage: 'reconstruct', done, total }),
  });
  const whole = model.clone();
  for (const node of whole.graph.nodes()) {
    const matrices = weights.get(node.id);
    const view = matrices && weightOf(node);
    if (view) view.write(valuesOf(view, matrices));
  }
  return { weights, model: whole, units, left };
}

function check({ iterations = 1000, batchSize = 32, drop = 0, weights }: ReconstructOptions): void {
  findScheme(weights);
  if (!Number.isInteger(iterations) || iterations < 1) badOption('iterations', 'an integer of at least 1', iterations);
  if (!Number.isInteger(batchSize) || batchSize < 1) badOption('batchSize', 'an integer of at least 1', batchSize);
  if (!(drop >= 0 && drop <= 1)) badOption('drop', 'a number from 0 to 1', drop);
}
