import { Tensor } from '@gossamer/graph';
import { allocateAligned } from '@gossamer/kernels';
import type { TrainingGraph } from '../step/build-training-graph.js';
import type { ParameterStore } from './parameter-store.js';

/** Memory that the native engine writes gradients to, the same at every update; by output. */
export function gradientMemory(
  { gradients }: TrainingGraph,
  { parameters }: ParameterStore,
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    parameters.map(({ name, tensor }) => {
      const memory = allocateAligned(Float32Array, tensor.length);
      return [gradients.get(name)!, Tensor.of('float32', tensor.dims, memory)];
    }),
  );
}
