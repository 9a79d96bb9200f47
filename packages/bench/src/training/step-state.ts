import { elementCount, Tensor } from '@gossamer/graph';
import { saveArrays } from '@gossamer/runtime';
import { normalArray } from './normal-array.js';
import type { TrainingNet } from './training-nets.js';

/** Batches that steps take in turns. */
export const BATCHES = 4;

/** What every engine starts from: seeded inputs and labels, [batches, batch, ...]. */
export function stepBatches(net: TrainingNet): { readonly input: Tensor; readonly labels: Tensor } {
  const dims = [BATCHES, net.batch, ...net.input];
  const labels = Array.from({ length: BATCHES * net.batch }, (_, i) => (i * 7 + Math.floor(i / 3)) % 10);
  return {
    input: Tensor.of('float32', dims, normalArray(elementCount(dims), 1, 77)),
    labels: Tensor.fromNumbers('int64', [BATCHES, net.batch], labels),
  };
}

/** Writes weights and batches for a peer. */
export async function saveStepState(net: TrainingNet, path: string): Promise<void> {
  const arrays: Record<string, Tensor> = { ...stepBatches(net) };
  for (const value of net.build().graph.initializers()) {
    if (value.initializer?.dtype === 'float32' && value.name.includes('.')) arrays[value.name] = value.initializer;
  }
  await saveArrays(path, arrays);
}
