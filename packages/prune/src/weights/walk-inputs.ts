import { fromWeightMatrix, type Model } from '@gossamer/graph';
import { inputMoments, type InputMoments, layerwise } from '@gossamer/runtime';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import type { PrunableWeight } from './find-weights.js';

const SAMPLES = 128;

/**
 * Visits weights in the order of the model's computation, each with the moments of its inputs. What `visit` returns ([groups, rows, columns]) takes the weight's place for the layers behind it. Returns the weights
 * whose inputs cannot be had. The model does not change.
 */
export async function walkInputs(
  model: Model,
  weights: readonly PrunableWeight[],
  { data, samples = SAMPLES, seed = 0, threads, signal, onProgress }: PruneWeightsOptions,
  stage: string,
  visit: (weight: PrunableWeight, moments: InputMoments) => Promise<Float32Array | undefined>,
): Promise<Set<PrunableWeight>> {
  const unreached = new Set(weights);
  const byPlace = new Map(weights.map((weight) => [`${weight.view.node.id} ${weight.view.inputIndex}`, weight]));
  const walk = await layerwise(model, new Set(weights.map(({ view }) => view.node)), data!, {
    ...{ streams: 'quantized', limit: samples },
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  for await (const step of walk) {
    const moments = await inputMoments(step, step.views, { seed });
    for (const view of step.views) {
      const weight = byPlace.get(`${view.node.id} ${view.inputIndex}`);
      const own = moments.get(view);
      if (!weight || !own) continue;
      signal?.throwIfAborted();
      unreached.delete(weight);
      const changed = await visit(weight, own);
      if (changed) step.setWeight(view, fromWeightMatrix(view, changed));
    }
    onProgress?.({ stage, done: step.index + 1, total: step.total });
  }
  return unreached;
}
