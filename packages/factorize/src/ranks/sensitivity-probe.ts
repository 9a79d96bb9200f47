import { fromWeightMatrix, type Model, weightViews } from '@gossamer/graph';
import { type DataSource, ModelTrials } from '@gossamer/runtime';
import { factorsMatrix } from '../factors-matrix.js';
import type { Candidate } from '../methods/method.js';
import type { LayerWork } from '../work.js';

/** Measures what one layer alone, cut as a candidate says, changes of the model's outputs: power of the difference over their power. */
export async function sensitivityProbe(
  model: Model,
  data: DataSource,
  signal: AbortSignal | undefined,
): Promise<(work: LayerWork, candidate: Candidate) => Promise<number>> {
  const trials = await ModelTrials.open(model, data, signal ? { signal } : {});
  const places = new Map(weightViews(model.graph).map(({ node, inputIndex }, i) => [`${node.id} ${inputIndex}`, i]));
  return async ({ problem, decomposition }, candidate) => {
    const changed = model.clone();
    const { node, inputIndex } = problem.view;
    const view = weightViews(changed.graph)[places.get(`${node.id} ${inputIndex}`)!]!;
    const weight = Float32Array.from(factorsMatrix(decomposition!.factor(candidate), problem));
    view.write(fromWeightMatrix(view, weight));
    return (await trials.measure(changed)).noise;
  };
}
