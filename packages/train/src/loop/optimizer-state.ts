import { GossamerError } from '@gossamer/graph';
import type { OptimizerTensor } from '@gossamer/kernels';
import type { TrainErrorCode } from '../error-codes.js';
import { chooseStep } from '../optimizers/choose-step.js';
import type { Optimizer, OptimizerOptions } from '../optimizers/optimizer.js';
import { type ParameterGroup, parameterOptions } from '../optimizers/parameter-group.js';
import { requireAtLeast } from '../require-option.js';
import type { ParameterStore } from './parameter-store.js';

/** Where 0, a weight and what the optimiser remembers of it are exactly 0: by parameter, one number an element. */
export type Masks = ReadonlyMap<string, Uint8Array>;

interface OptimizedParameter {
  readonly name: string;
  readonly weight: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly mask: Uint8Array | undefined;
}

/** Parameters that take the same step. */
interface OptimizedGroup {
  readonly learningRateFactor: number;
  readonly weightDecay: number;
  readonly parameters: OptimizedParameter[];
}

/** An optimiser and what it remembers of every parameter; steps are those of the native kernel, where the addon is there. */
export class OptimizerState {
  readonly #groups: readonly OptimizedGroup[];
  readonly #step = chooseStep();

  constructor(
    private readonly optimizer: Optimizer,
    private readonly options: OptimizerOptions,
    store: ParameterStore,
    groups: readonly ParameterGroup[],
    masks: Masks,
  ) {
    requireTrained(store, [...masks.keys(), ...groups.flatMap((group) => group.names ?? [])]);
    const byOptions = new Map<string, OptimizedGroup>();
    for (const { name, data, tensor, parameter } of store.parameters) {
      // Vectors that are no weights (and scales stored as matrices) do not decay.
      const shape = parameter.role === 'weight' ? tensor.dims : [data.length];
      const own = parameterOptions({ name, shape }, options.weightDecay, groups);
      const key = `${own.learningRateFactor} ${own.weightDecay}`;
      const group = byOptions.get(key) ?? { ...own, parameters: [] };
      byOptions.set(key, group);
      const slots = optimizer.slots.map(() => new Float32Array(data.length));
      group.parameters.push({ name, weight: data, slots, mask: applyMask(name, data, masks.get(name)) });
    }
    this.#groups = [...byOptions.values()];
  }

  /** One update of every parameter; `step` counts from 1, `gradientFactor` scales the gradients. Throws ERR_TRAIN_OPTIONS for a learning rate below 0. */
  apply(
    gradients: ReadonlyMap<string, Float32Array>,
    step: number,
    learningRate: number,
    gradientFactor: number,
  ): void {
    requireAtLeast('learningRate', learningRate, 0);
    for (const { parameters, learningRateFactor, weightDecay } of this.#groups) {
      const tensors: OptimizerTensor[] = parameters.map(({ name, weight, slots, mask }) => ({
        weight,
        gradient: gradients.get(name)!,
        slots,
        mask,
      }));
      const options = { ...this.options, weightDecay, learningRate: learningRate * learningRateFactor };
      this.#step(this.optimizer, tensors, { ...this.optimizer.hyper(step, options), gradientFactor });
    }
  }

  /** The remembered arrays, by `parameter/slot`. */
  arrays(): ReadonlyMap<string, Float32Array> {
    const { slots: names } = this.optimizer;
    const parameters = this.#groups.flatMap((group) => group.parameters);
    return new Map(
      parameters.flatMap(({ name, slots }) => slots.map((data, i) => [`${name}/${names[i]!}`, data] as const)),
    );
  }
}

function requireTrained(store: ParameterStore, names: readonly string[]): void {
  const trained = new Set(store.parameters.map(({ name }) => name));
  const stranger = names.find((name) => !trained.has(name));
  if (stranger === undefined) return;
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAIN_OPTIONS',
    `parameter: expected one that is trained (such as ${[...trained].slice(0, 3).join(', ')}), received ${stranger}`,
  );
}

function applyMask(name: string, weight: Float32Array, mask: Uint8Array | undefined): Uint8Array | undefined {
  if (!mask) return undefined;
  if (mask.length !== weight.length) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `mask of ${name}: expected ${weight.length} elements, received ${mask.length}`,
    );
  }
  mask.forEach((keep, i) => {
    if (keep === 0) weight[i] = 0;
  });
  return mask;
}
