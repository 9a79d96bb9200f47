import { Tensor } from '@gossamer/graph';
import type { TrainingForm } from '../../form/training-form.js';
import { SAMPLE_WEIGHTS, type TrainingGraph } from '../../step/build-training-graph.js';
import { sampleNumbers } from '../../testing/check-gradient.js';

/** Weights of the file, numbers for the inputs, labels of 3 classes; the last `padded` samples weigh nothing. */
export function feedGraph({ model }: TrainingGraph, form: TrainingForm, padded: number): Record<string, Tensor> {
  const initial = new Map([...form.parameters, ...form.running].map((state) => [state.name, state.initial]));
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }, i) => {
      const dims = (type?.kind === 'tensor' ? type.shape : []) as number[];
      const count = dims.reduce((a, b) => a * b, 1);
      const classes = Array.from({ length: count }, (_, k) => k % 3);
      if (name === 'labels') return [name, Tensor.fromNumbers('int64', dims, classes)];
      const weights = Float32Array.from({ length: count }, (_, k) => (k < count - padded ? 1 : 0));
      if (name === SAMPLE_WEIGHTS) return [name, Tensor.of('float32', dims, weights)];
      return [name, initial.get(name) ?? Tensor.of('float32', dims, Float32Array.from(sampleNumbers(count, i + 1)))];
    }),
  );
}
