import { findRegularizer, type RegularizerName } from '../regularizers/registry.js';
import type { RegularizedTensor, Regularizer } from '../regularizers/regularizer.js';
import { badOption, requireAtLeast } from '../require-option.js';
import type { ParameterStore } from './parameter-store.js';

/** A penalty of weights, as a term of the loss that is taken as a proximal step after every update. */
export interface RegularizerTerm {
  readonly regularizer: RegularizerName;
  /** Its factor in the loss, >= 0: the step's threshold is the learning rate times it. */
  readonly strength: number;
  /** Parameters by name; for groups, the axis and the group of each of its slices, as in RegularizedTensor. */
  readonly tensors: readonly (Omit<RegularizedTensor, 'data' | 'shape'> & { readonly name: string })[];
}

interface OpenTerm {
  readonly regularizer: Regularizer;
  readonly strength: number;
  readonly tensors: readonly RegularizedTensor[];
}

/** The proximal steps of a training. They keep masked weights at 0. */
export class Regularization {
  readonly #terms: readonly OpenTerm[];

  /** Throws ERR_TRAIN_OPTIONS for parameters that are not trained, and for axes and groups that do not fit. */
  constructor(store: ParameterStore, terms: readonly RegularizerTerm[]) {
    const known = new Map(store.parameters.map((parameter) => [parameter.name, parameter]));
    this.#terms = terms.map(({ regularizer: kind, strength, tensors: named }) => {
      const regularizer = findRegularizer(kind);
      requireAtLeast('strength', strength, 0);
      const tensors = named.map(({ name, ...rest }) => {
        const { data, tensor } = known.get(name) ?? badOption('parameter', 'one that is trained', name);
        return { ...rest, data, shape: tensor.dims };
      });
      // Checks axes and groups before hours of training.
      regularizer.penalty(tensors);
      return { regularizer, strength, tensors };
    });
  }

  /** After an update of `learningRate`. */
  apply(learningRate: number): void {
    for (const { regularizer, strength, tensors } of this.#terms) regularizer.shrink(tensors, learningRate * strength);
  }
}
