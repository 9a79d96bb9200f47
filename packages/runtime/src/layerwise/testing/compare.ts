import { type Model, type Node, type Tensor, weightsOf } from '@gossamer/graph';
import type { DataSource } from '../../data/data-source.js';
import { modelInputs } from '../../session/model-ports.js';
import { Session } from '../../session/session.js';
import { withOutputs } from './with-outputs.js';

export const layersOf = (model: Model): Node[] => [...model.graph.nodes()].filter((node) => weightsOf(node).length > 0);

/** Weights on a grid of 15 values: far enough off that layers behind read something else. */
export function coarse(data: Float32Array): Float32Array {
  const scale = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 7;
  return data.map((x) => Math.round(x / scale) * scale);
}

/** Writes the weight of the same place in a copy of the model. */
export function writeTwin(model: Model, copy: Model, node: Node, inputIndex: number, data: Float32Array): void {
  const at = [...model.graph.nodes()].indexOf(node);
  const views = weightsOf([...copy.graph.nodes()][at]!);
  views.find((view) => view.inputIndex === inputIndex)!.write(data);
}

/** L2 norm of the difference over that of `expected`. */
export function distance(found: Tensor, expected: Tensor): number {
  expect([found.dtype, found.dims]).toEqual([expected.dtype, expected.dims]);
  const [a, b] = [found.toFloat64(), expected.toFloat64()];
  const norm = (data: Float64Array) => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
  const error = norm(a.map((x, i) => x - b[i]!));
  return error === 0 ? 0 : error / norm(b);
}

/** What a run of the whole model gives for the values called `names`, run by run, and what is fed. */
export async function wholeRuns(model: Model, names: readonly string[], data: DataSource, batchSize: number) {
  const made = names.filter((name) => model.graph.value(name)!.producer);
  const session = await Session.open(withOutputs(model, made), { state: [] });
  const runs: Record<string, Tensor>[] = [];
  for await (const { feeds } of data.batches({ inputs: modelInputs(model), batchSize })) {
    runs.push({ ...feeds, ...(made.length > 0 ? await session.run(feeds, { outputs: made }) : {}) });
  }
  await session.dispose();
  return runs;
}

/**
 * Two ways of computing a value differ where ONNX Runtime fuses otherwise and sums in another order: each of the at most 60 operators in a
 * row adds at most sqrt(K) * 2^-24 of the size of its result in L2 (K <= 2304 products, errors of independent signs), and hands on what
 * it got.
 */
export const ROUNDING = 60 * Math.sqrt(2304) * 2 ** -24;
