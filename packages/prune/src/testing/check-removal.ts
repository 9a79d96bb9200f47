import { checkGraph, inferTypes, type Model, Tensor } from '@gossamer/graph';
import type { PruneUnit } from '../groups/prune-group.js';
import { groupsOf } from '../groups/groups-of.js';
import { maskModel } from '../surgery/mask-model.js';
import { removeUnits, type RemovalResult } from '../surgery/remove-units.js';
import type { Feeds } from '@gossamer/runtime';
import { runOrt } from './ort.js';

/** Sums over other numbers of terms round differently: the bound the design fixes, as a share of the largest output. */
const TOLERANCE = 1e-5;

export interface Checked extends RemovalResult {
  /** Largest difference to the masked model, as a share of its largest output. */
  readonly error: number;
  /** The same for the model as it was: without units that do nothing, far above the tolerance. */
  readonly change: number;
}

/** Removes units and holds the result to the masked model in ONNX Runtime: contract, shapes, outputs. */
export async function checkRemoval(model: Model, feeds: Feeds, units: readonly PruneUnit[]): Promise<Checked> {
  const result = removeUnits(model, units);
  checkGraph(result.model.graph);
  expect(contract(result.model)).toEqual(contract(model));
  const types = inferTypes(result.model);
  const before = inferTypes(model).warnings;
  expect(types.warnings.filter((warning) => !before.includes(warning))).toEqual([]);
  const masked = await runOrt(maskModel(model, result.removed), feeds);
  const pruned = await runOrt(result.model, feeds);
  const error = largestError(masked, pruned);
  expect(error).toBeLessThan(TOLERANCE);
  const change = largestError(masked, await runOrt(model, feeds));
  return { ...result, error, change };
}

function contract(model: Model): unknown {
  const { inputs, outputs } = model.graph;
  return [inputs, outputs].map((values) => values.map(({ name, type }) => [name, type]));
}

function largestError(expected: Readonly<Record<string, Tensor>>, actual: Readonly<Record<string, Tensor>>): number {
  let worst = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const [x, y] = [tensor.toFloat64(), actual[name]!.toFloat64()];
    expect(y.every(Number.isFinite)).toBe(true);
    let [scale, error] = [0, 0];
    for (let i = 0; i < x.length; i++) {
      scale = Math.max(scale, Math.abs(x[i]!));
      error = Math.max(error, Math.abs(x[i]! - y[i]!));
    }
    worst = Math.max(worst, error === 0 ? 0 : error / scale);
  }
  return worst;
}

/**
 * The model with the inputs of closing Sigmoid and Softmax nodes as outputs in the place of their results: a probability near 0 has no digits to
 * compare.
 */
export function withLogits(model: Model): Model {
  const copy = model.clone();
  const { graph } = copy;
  for (const value of graph.outputs) {
    const { producer } = value;
    if (producer?.op !== 'Sigmoid' && producer?.op !== 'Softmax') continue;
    graph.replaceOutput(value, producer.input(0)!);
  }
  return copy;
}

/** About `share` of each group's units, at least one stays. */
export function someUnits(model: Model, share: number, random: () => number): PruneUnit[] {
  return groupsOf(model).groups.flatMap(({ units }) => {
    const chosen = units.filter(() => random() < share);
    return chosen.length < units.length ? chosen : chosen.slice(1);
  });
}

/** Deterministic numbers in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Numbers in [-1, 1). */
export function noise(dims: readonly number[], seed: number): Tensor {
  const random = randomNumbers(seed);
  const length = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length }, () => 2 * random() - 1),
  );
}
