import { type Model, type Node, toWeightMatrix, type WeightView } from '@gossamer/graph';
import { type DataSource, inputMoments, type InputMoments, layerwise } from '@gossamer/runtime';
import { outputError } from '@gossamer/kernels';
import { findAlgorithm } from '../algorithms/registry.js';
import type { WeightAlgorithm, WeightProblem } from '../algorithms/weight-algorithm.js';
import { keepZeros } from '../algorithms/keep-zeros.js';
import { keptOf } from '../preserve.js';
import { badOption } from '../errors.js';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { valuesOf, weightOf } from './layer-weight.js';

export interface RoundWeightsOptions {
  /** Name of a scheme (uint3, nf4, ...). */
  readonly weights: string;
  /** Name of an algorithm (nearest, importance, hqq, adaround, ...). Default 'nearest'. */
  readonly algorithm?: string;
  /** Calibration samples, for an algorithm that needs second moments of a layer's inputs. */
  readonly data?: DataSource;
  /** Default 'row': a scale for each output feature. */
  readonly granularity?: SchemeLayout['granularity'];
  /** Search the clip of each scale. Default true. */
  readonly clip?: boolean;
  /** Which layers are quantized. Default: every one with a constant float weight that is no embedding and no recurrence. */
  readonly layers?: (node: Node) => boolean;
  /** Default 0. */
  readonly seed?: number;
  /** Default: all cores. */
  readonly threads?: number;
  /** Where activations are kept meanwhile. Default: the system's place for temporary files. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

export interface RoundedWeights {
  /** The model with the values of the codes in place of its weights. */
  readonly model: Model;
  /** By layer id, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  /** Layers that kept round to nearest, because the algorithm did not make their output error smaller. */
  readonly nearest: readonly string[];
}

/** Samples of a run. */
const BATCH = 128;

/**
 * Zeros of pruned weights (a tenth or more of the elements) stay. Chooses the codes of each layer's weight by an algorithm; one that needs moments goes through the model layer by layer, each layer behind the
 * quantized ones. The input does not change.
 */
export async function roundWeights(model: Model, options: RoundWeightsOptions): Promise<RoundedWeights> {
  const { layers: isLayer = () => true, data, threads, folder, signal } = options;
  const algorithm = findAlgorithm(options.algorithm ?? 'nearest');
  const solver = new Solver(algorithm, options);
  const whole = model.clone();
  const layers = [...whole.graph.nodes()].filter((node) => isLayer(node) && weightOf(node));
  if (algorithm.needs === 'nothing') {
    for (const node of layers) await solver.solve(weightOf(node)!, undefined);
  } else {
    if (!data) badOption('data', `calibration samples for algorithm ${algorithm.name}`, data);
    const walk = await layerwise(whole, layers, data, {
      ...{ streams: 'both', batchSize: BATCH },
      ...(threads === undefined ? {} : { threads }),
      ...(folder === undefined ? {} : { folder }),
      ...(signal ? { signal } : {}),
    });
    for await (const step of walk) {
      const moments = await inputMoments(step, step.views, { cross: true, seed: options.seed ?? 0 });
      for (const view of step.views) {
        const matrices = await solver.solve(view, moments.get(view));
        step.setWeight(view, valuesOf(view, matrices));
      }
    }
  }
  for (const node of layers) {
    const matrices = solver.weights.get(node.id);
    const view = weightOf(node)!;
    if (matrices) view.write(valuesOf(view, matrices));
  }
  return { model: whole, weights: solver.weights, nearest: solver.nearest };
}

class Solver {
  readonly weights = new Map<string, readonly QuantizedMatrix[]>();
  readonly nearest: string[] = [];

  constructor(
    private readonly algorithm: WeightAlgorithm,
    private readonly options: RoundWeightsOptions,
  ) {}

  async solve(view: WeightView, moments: InputMoments | undefined): Promise<readonly QuantizedMatrix[]> {
    const { seed = 0, granularity = 'row', clip = true, signal } = this.options;
    const scheme = findScheme(this.options.weights);
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const kept = keptOf(data, 'auto');
    const solved: { matrix: QuantizedMatrix; isBetter: boolean }[] = [];
    for (let group = 0; group < groups; group++) {
      signal?.throwIfAborted();
      const problem: WeightProblem = {
        ...{ layer: view.layerId, rows, columns, seed },
        data: data.slice(group * rows * columns, (group + 1) * rows * columns),
        fit: (values, importance) =>
          scheme.fit(values, { rows, columns, granularity, clip, seed, ...(importance ? { importance } : {}) }),
        ...(kept ? { kept: kept.subarray(group * rows * columns, (group + 1) * rows * columns) } : {}),
        ...(moments ? { second: moments.second[group]! } : {}),
        ...(moments?.cross ? { cross: moments.cross[group]! } : {}),
        ...(signal ? { signal } : {}),
      };
      solved.push(await this.#solveMatrix(problem));
    }
    const matrices = solved.map(({ matrix }) => matrix);
    this.weights.set(view.layerId, matrices);
    if (!solved.some(({ isBetter }) => isBetter)) this.nearest.push(view.layerId);
    return matrices;
  }

  /** An algorithm that has targets of its own (cross moments) judges itself; others are held to their output error. */
  async #solveMatrix(problem: WeightProblem): Promise<{ matrix: QuantizedMatrix; isBetter: boolean }> {
    const { data, second, columns, fit, kept } = problem;
    const matrix = keepZeros(await this.algorithm.solve(problem), kept);
    const rounded = roundToGrid(data, fit(data));
    const isSame = matrix.codes.every((code, i) => code === rounded.codes[i]);
    if (!second || this.algorithm.name === 'adaround') return { matrix, isBetter: !isSame };
    const [own, other] = [matrix, rounded].map((item) =>
      outputError({ changed: dequantizeMatrix(item), target: data, second, columns }),
    );
    return own! < other! ? { matrix, isBetter: true } : { matrix: rounded, isBetter: false };
  }
}
