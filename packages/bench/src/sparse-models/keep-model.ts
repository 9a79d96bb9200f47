import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { pruneWeights, type PruneWeightsOptions } from '@gossamer/prune';
import { quantize } from '@gossamer/quantize';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import type { SuiteContext } from '../harness/suite.js';
import type { SparseModel } from './sparse-model.js';

/** Which zeros, as pruneWeights is told; undefined: none. */
export const PATTERNS: Readonly<Record<string, PruneWeightsOptions | undefined>> = {
  dense: undefined,
  '80 %': { sparsity: 0.8, allocation: 'uniform' },
  'max16:64': { sparsity: 0.8, allocation: 'uniform', pattern: 'max16:64' },
  '12:64': { pattern: '12:64' },
};

/** An int8 model in the folder of its run. */
export interface KeptModel {
  readonly model: string;
  readonly pattern: string;
  readonly path: string;
  /** zeros: share of those in the layers that are pruned; errors or perplexity. */
  readonly outcome: Outcome;
}

/**
 * Prunes, recovers by distillation with the masks held, quantizes to int8, judges once; what an earlier call has finished is taken as it is, so that times
 * can be taken again by themselves.
 */
export async function keepModel(model: SparseModel, pattern: string, context: SuiteContext): Promise<KeptModel> {
  const how = PATTERNS[pattern];
  const recipe = { model: model.name, pattern, ...how, exclude: model.exclude, recovery: model.recovery ?? 'none' };
  const run = (folder: string) => makeModel(model, how, folder, `${model.name} ${pattern}`, context);
  const experiment: ExperimentRun = { name: `${model.name}-${pattern.replaceAll(/[ :%]/g, '')}`, seed: 1, recipe, run };
  const store = new ExperimentStore(context.runs);
  const path = join(ExperimentStore.folderOf(context.runs, experiment), 'int8.onnx');
  const outcome = await store.measure(experiment, context.say);
  if (!existsSync(path)) throw new Error(`${path}: expected the model of a finished run, received none`);
  return { model: model.name, pattern, path, outcome };
}

async function makeModel(
  { open, exclude, recover, quantization, quality }: SparseModel,
  how: PruneWeightsOptions | undefined,
  folder: string,
  stage: string,
  { signal, onProgress }: SuiteContext,
): Promise<Outcome> {
  const dense = await open();
  let [model, zeros] = [dense, 0];
  if (how) {
    const pruned = await pruneWeights(dense, { ...how, exclude, signal });
    zeros = pruned.report.sparsity;
    model = pruned.model;
    if (recover) {
      model = await recover(model, dense, {
        ...{ masks: pruned.masks, signal },
        checkpoint: { path: join(folder, 'checkpoint.safetensors'), every: 100 },
        onStep: ({ step, steps }) => onProgress({ stage, done: step, total: steps }),
      });
      await saveModel(model, join(folder, 'float.onnx'));
    }
  }
  // Weights are symmetric: what is 0 has the code 0.
  const path = join(folder, 'int8.onnx');
  await saveModel((await quantize(model, { ...quantization(), signal })).model, path);
  const judged = quality ? await quality(await loadModel(path)) : { figures: {} };
  return { ...judged, figures: { ...judged.figures, zeros } };
}
