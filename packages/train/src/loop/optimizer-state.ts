import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import type { Optimizer, OptimizerOptions } from '../optimizers/optimizer.js';
import { type ParameterGroup, parameterOptions } from '../optimizers/parameter-group.js';
import type { ParameterStore } from './parameter-store.js';

/** Where 0, a weight and what the optimiser remembers of it are exactly 0: by parameter, one number an element. */
export type Masks = ReadonlyMap<string, Uint8Array>;

interface OptimizedParameter {
  readonly name: string;
  readonly weight: Float32Array;
  readonly slots: Readonly<Record<string, Float32Array>>;
  readonly mask: Uint8Array | undefined;
  readonly learningRateFactor: number;
  readonly weightDecay: number;
}

/** An optimiser and what it remembers of every parameter. */
export class OptimizerState {
  readonly #parameters: readonly OptimizedParameter[];

  constructor(
    private readonly optimizer: Optimizer,
    private readonly options: OptimizerOptions,
    store: ParameterStore,
    groups: readonly ParameterGroup[],
    masks: Masks,
  ) {
    const names = new Set(store.parameters.map(({ name }) => name));
    for (const name of [...masks.keys(), ...groups.flatMap((group) => group.names ?? [])]) {
      if (names.has(name)) continue;
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_OPTIONS',
        `parameter: expected one that is trained, received ${name}`,
      );
    }
    this.#parameters = store.parameters.map(({ name, data, tensor, parameter }) => {
      const own = parameterOptions(
        { name, shape: parameter.role === 'weight' ? tensor.dims : [1] },
        options.weightDecay,
        groups,
      );
      const mask = masks.get(name);
      if (mask && mask.length !== data.length) {
        throw new GossamerError<TrainErrorCode>(
          'ERR_TRAIN_OPTIONS',
          `mask of ${name}: expected ${data.length} elements, received ${mask.length}`,
        );
      }
      mask?.forEach((keep, i) => {
        if (keep === 0) data[i] = 0;
      });
      const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, new Float32Array(data.length)]));
      return { name, weight: data, slots, mask, ...own };
    });
  }

  /** One update of every parameter; `step` counts from 1, `factor` scales the gradients. */
  apply(gradients: ReadonlyMap<string, Float32Array>, step: number, learningRate: number, factor: number): void {
    for (const { name, weight, slots, mask, learningRateFactor, weightDecay } of this.#parameters) {
      const coefficients = this.optimizer.hyper(step, {
        ...this.options,
        learningRate: learningRate * learningRateFactor,
        weightDecay,
      });
      const gradient = gradients.get(name)!;
      const scaled = { ...coefficients, gradientFactor: coefficients.gradientFactor * factor };
      this.optimizer.step({ weight, gradient, slots, mask }, scaled);
    }
  }

  /** The remembered arrays, by `parameter/slot`. */
  arrays(): ReadonlyMap<string, Float32Array> {
    return new Map(
      this.#parameters.flatMap(({ name, slots }) =>
        Object.entries(slots).map(([slot, data]) => [`${name}/${slot}`, data]),
      ),
    );
  }
}
