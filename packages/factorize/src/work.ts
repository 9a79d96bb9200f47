import { toWeightMatrix } from '@gossamer/graph';
import type { Layer } from './layers/find-layers.js';
import type { Candidate, Decomposition, Factors, LayerProblem } from './methods/method.js';
import { allowedRanks } from './ranks/allowed-ranks.js';
import type { ResolvedOptions } from './resolve-options.js';

/** A layer on its way; what is known of it comes step by step. */
export interface LayerWork {
  readonly layer: Layer;
  readonly problem: LayerProblem;
  /** Of the stored weight. */
  readonly bytes: number;
  /** Of all layers that share it; undefined where shapes are not known. */
  readonly macs: number | undefined;
  /** Why it is left. */
  left?: string;
  decomposition?: Decomposition;
  candidate?: Candidate;
  factors?: Factors;
  /** Mean of |W x|² over the inputs in the given model. */
  power?: number;
  outputError?: number;
  refit?: { outputError?: number; kept?: string };
}

/** Reads the weight of a layer; `left` where it cannot be factored. */
export function startWork(
  layer: Layer,
  macsOf: (id: string) => number | undefined,
  { ranks, roundTo, density, seed }: ResolvedOptions,
): LayerWork {
  const [view] = layer.views;
  const { rows, columns, data } = toWeightMatrix(view);
  const weight = Float64Array.from(data);
  const { stored } = view;
  const macs = layer.views.map(({ layerId }) => macsOf(layerId));
  const left = refuseValues(weight);
  return {
    layer,
    problem: {
      ...{ view, rows, columns, weight, density, seed },
      elementBytes: stored.byteLength / Math.max(1, weight.length),
      moment: undefined,
      ranksUpTo: allowedRanks(ranks, roundTo),
    },
    bytes: stored.byteLength,
    macs: macs.includes(undefined) ? undefined : (macs as number[]).reduce((a, b) => a + b, 0),
    ...(left === undefined ? {} : { left }),
  };
}

function refuseValues(weight: Float64Array): string | undefined {
  if (weight.length === 0) return 'its weight has no elements';
  if (!weight.every(Number.isFinite)) return 'its weight has elements that are not finite';
  return weight.every((x) => x === 0) ? 'its weight is all zeros' : undefined;
}

/** Those of a layer's candidates with fewer bytes and fewer multiply-accumulates than it has. */
export function savingCandidates({ problem, bytes, decomposition }: LayerWork): Candidate[] {
  const whole = problem.rows * problem.columns;
  return decomposition!.candidates.filter((candidate) => candidate.bytes < bytes && candidate.macs < whole);
}

/** Multiply-accumulates of a layer with a candidate. */
export function macsWith({ macs, problem }: LayerWork, candidate: Candidate): number | undefined {
  return macs === undefined ? undefined : Math.round((macs * candidate.macs) / (problem.rows * problem.columns));
}
