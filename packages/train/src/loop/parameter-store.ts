import { Tensor } from '@gossamer/graph';
import { allocateAligned } from '@gossamer/kernels';
import type { Parameter, RunningState, TrainingForm } from '../form/training-form.js';

/** An array that lives through the whole training, and the tensor that shows it to an engine. */
export interface LiveArray {
  readonly name: string;
  readonly data: Float32Array;
  /** Over `data` itself: what is written there is fed at the next run. */
  readonly tensor: Tensor;
}

/** Weights and running statistics of a model in training. */
export class ParameterStore {
  readonly parameters: readonly (LiveArray & { readonly parameter: Parameter })[];
  readonly running: readonly (LiveArray & { readonly state: RunningState })[];

  /** `extra`: what losses train beside the model. */
  constructor(form: TrainingForm, extra: readonly Parameter[] = []) {
    this.parameters = [...form.parameters, ...extra].map((parameter) => ({
      ...live(parameter.name, parameter.initial),
      parameter,
    }));
    this.running = form.running.map((state) => ({ ...live(state.name, state.initial), state }));
  }

  /** By input name. */
  get feeds(): Record<string, Tensor> {
    return Object.fromEntries([...this.parameters, ...this.running].map(({ name, tensor }) => [name, tensor]));
  }

  /** Copies of all arrays. */
  snapshot(): ReadonlyMap<string, Float32Array> {
    return new Map([...this.parameters, ...this.running].map(({ name, data }) => [name, data.slice()]));
  }

  /** Writes a snapshot back. */
  restore(snapshot: ReadonlyMap<string, Float32Array>): void {
    for (const { name, data } of [...this.parameters, ...this.running]) data.set(snapshot.get(name)!);
  }
}

function live(name: string, initial: Tensor): LiveArray {
  const data = allocateAligned(Float32Array, initial.length);
  data.set(initial.toFloat32());
  return { name, data, tensor: Tensor.of('float32', initial.dims, data) };
}
