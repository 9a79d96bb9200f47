import { badOption } from '../require-option.js';
import type { Gradients } from './gradient-sums.js';
import type { Masks } from './optimizer-state.js';
import type { ParameterStore } from './parameter-store.js';
import type { SparseParameter, SparsifyContext, Sparsifier } from './sparsifier.js';

/** The masks of a training, and the sparsifier that changes them. */
export class Sparsification {
  /** By parameter; those of the sparsifier are copies, which it changes. */
  readonly masks: Masks;
  /** What the sparsifier keeps, by name. */
  readonly state: ReadonlyMap<string, Float32Array>;
  readonly #parameters: ReadonlyMap<string, Omit<SparseParameter, 'gradient'>>;

  /** Throws ERR_TRAIN_OPTIONS for names that are not trained, and masks of another length. */
  constructor(
    store: ParameterStore,
    given: Masks,
    private readonly sparsifier: Sparsifier | undefined,
  ) {
    const own = sparsifier?.parameters ?? [];
    const byName = new Map(store.parameters.map((parameter) => [parameter.name, parameter]));
    const parameters = new Map<string, Omit<SparseParameter, 'gradient'>>();
    for (const name of own) {
      const known = byName.get(name);
      if (!known) badOption('sparsifier.parameters', 'names of trained parameters', name);
      const { data, tensor } = known;
      const mask = given.get(name)?.slice() ?? new Uint8Array(data.length).fill(1);
      if (mask.length !== data.length) badOption(`mask of ${name}`, `${data.length} elements`, mask.length);
      mask.forEach((keep, i) => {
        if (keep === 0) data[i] = 0;
      });
      parameters.set(name, { shape: tensor.dims, weight: data, mask });
    }
    this.#parameters = parameters;
    this.masks = new Map([...given, ...[...parameters].map(([name, { mask }]) => [name, mask] as const)]);
    this.state = sparsifier?.state?.(parameters) ?? new Map();
  }

  /** Masks that hold in the optimiser's step: weights of a sparsifier that does not freeze move on. */
  get frozen(): Masks {
    if (this.sparsifier?.freezes !== false) return this.masks;
    return new Map([...this.masks].filter(([name]) => !this.#parameters.has(name)));
  }

  /** Masks that the sparsifier changes. */
  get own(): Masks {
    return new Map([...this.#parameters].map(([name, { mask }]) => [name, mask]));
  }

  beforeStep(gradients: Gradients, update: Omit<SparsifyContext, 'parameters'>): void {
    this.sparsifier?.beforeStep?.({ ...update, parameters: this.#with(gradients) });
  }

  afterStep(gradients: Gradients, update: Omit<SparsifyContext, 'parameters'>): void {
    this.sparsifier?.afterStep?.({ ...update, parameters: this.#with(gradients) });
  }

  #with(gradients: Gradients): ReadonlyMap<string, SparseParameter> {
    return new Map(
      [...this.#parameters].map(([name, parameter]) => [name, { ...parameter, gradient: gradients.get(name)! }]),
    );
  }
}
