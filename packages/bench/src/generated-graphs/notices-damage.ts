import { Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { largestDifference, randomFeeds } from './check-graph.js';
import type { GeneratedGraph } from './generate-graph.js';
import { ortRun } from './ort-run.js';

/**
 * Whether the comparison notices that the last float32 initializer that somebody reads was changed by 1 %; undefined where there is none.
 * What it does not notice may still be right: the weight may not matter (behind a Clip, a MaxPool, a bound far from the outputs).
 */
export async function noticesDamage(graph: GeneratedGraph, seed: number): Promise<boolean | undefined> {
  const feeds = [1, 3].map((batch) => randomFeeds(graph, batch, seed));
  const expected = await ortRun(serializeModel(graph.model), feeds);
  const damaged = graph.model.clone();
  const weights = [...damaged.graph.initializers()].filter(
    ({ initializer, uses }) => initializer?.dtype === 'float32' && uses.length > 0,
  );
  const weight = weights.at(-1);
  if (!weight?.initializer) return undefined;
  const values = weight.initializer.toFloat64().map((value) => value * 1.01);
  damaged.graph.setInitializer(weight, Tensor.fromNumbers('float32', weight.initializer.dims, values));
  return largestDifference(await ortRun(serializeModel(damaged), feeds), expected, graph.tolerance) > 1;
}
