import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import type { Optimizer } from './optimizer.js';

/** What an update model is made for. */
export interface UpdateModelOptions {
  /** Shape of the weight; strings are symbols. */
  readonly shape: readonly (number | string)[];
  /** Adds the input `mask`, bool of the same shape: where false, weight and slots become 0. Default false. */
  readonly mask?: boolean;
}

/**
 * One step of an optimiser as a model of float32: inputs `weight`, `gradient`, the slots by name, the rule's `scalars` by name (rank 0) and
 * `mask` if asked for; outputs `new_weight` and `new_<slot>`. The portable reference of the kernels.
 */
export function updateModel(optimizer: Optimizer, options: UpdateModelOptions): Model {
  const { shape } = options;
  const g = new GraphBuilder(`${optimizer.name}-step`);
  const tensor = (name: string): [string, Value] => [name, g.input(name, 'float32', shape)];
  const weight = g.input('weight', 'float32', shape);
  const gradient = g.input('gradient', 'float32', shape);
  const slots = Object.fromEntries(optimizer.slots.map(tensor));
  const hyper = Object.fromEntries(optimizer.scalars.map((name) => [name, g.input(name, 'float32', [])]));
  const mask = options.mask ? g.input('mask', 'bool', shape) : undefined;
  const updated = optimizer.update(g, { weight, gradient, slots, hyper, mask });
  g.output(updated.weight, 'new_weight', 'float32', shape);
  for (const name of optimizer.slots) g.output(updated.slots[name]!, `new_${name}`, 'float32', shape);
  return g.model();
}
