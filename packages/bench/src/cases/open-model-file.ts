import { loadModel } from '@gossamer/graph/onnx';
import { type Feeds, modelInputs, openData } from '@gossamer/runtime';

/** A model file with one random batch of feeds. */
export interface OpenedFile {
  /** The engines open the path themselves, as a user's process would. */
  readonly source: string;
  readonly feeds: Feeds;
}

/** Draws feeds for a model file; `bindings` are sizes of its open dimensions, the first of them the batch. */
export async function openModelFile(path: string, bindings: Readonly<Record<string, number>>): Promise<OpenedFile> {
  const inputs = modelInputs(await loadModel(path));
  const batchName = inputs[0]?.shape?.[0];
  const batchSize = typeof batchName === 'string' ? (bindings[batchName] ?? 1) : 1;
  const inner = Object.fromEntries(Object.entries(bindings).filter(([name]) => name !== batchName));
  const data = await openData(`random:${batchSize}`, { seed: 0, bindings: inner });
  for await (const { feeds } of data.batches({ inputs, batchSize })) return { source: path, feeds };
  throw new Error('random: no sample');
}
