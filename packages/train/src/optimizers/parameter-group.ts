import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';

/** Options for some of the parameters. */
export interface ParameterGroup {
  /** Names of initializers; default: every parameter that no other group names. At most one group may leave it out. */
  readonly names?: readonly string[];
  /** Times the schedule's learning rate, >= 0. Default 1. */
  readonly learningRateFactor?: number;
  /** In place of the optimiser's, >= 0. Default: the optimiser's. */
  readonly weightDecay?: number;
  /** What decays: `matrices` are tensors of rank 2 and more (matrices, kernels, embeddings), not biases and scales. Default `matrices`. */
  readonly decay?: 'matrices' | 'all';
}

/** What a parameter is trained with. */
export interface ParameterOptions {
  readonly learningRateFactor: number;
  readonly weightDecay: number;
}

/**
 * The options of one parameter: of the group that names it, else of the group without names, else the defaults. `weightDecay` is the
 * optimiser's. Throws ERR_TRAIN_OPTIONS where two groups claim the parameter or an option is out of range.
 */
export function parameterOptions(
  parameter: { readonly name: string; readonly shape: readonly number[] },
  weightDecay: number,
  groups: readonly ParameterGroup[] = [],
): ParameterOptions {
  const named = groups.filter(({ names }) => names?.includes(parameter.name));
  const claims = named.length > 0 ? named : groups.filter(({ names }) => names === undefined);
  if (claims.length > 1) {
    throw groupError(`groups: expected at most one for ${parameter.name}, received ${claims.length}`);
  }
  const { learningRateFactor = 1, decay = 'matrices', ...group } = claims[0] ?? {};
  const lambda = group.weightDecay ?? weightDecay;
  for (const [name, value] of Object.entries({ learningRateFactor, weightDecay: lambda })) {
    if (!(Number.isFinite(value) && value >= 0)) {
      throw groupError(`groups.${name}: expected a finite number >= 0, received ${value}`);
    }
  }
  if (decay !== 'matrices' && decay !== 'all') {
    throw groupError(`groups.decay: expected matrices or all, received ${String(decay)}`);
  }
  return { learningRateFactor, weightDecay: decay === 'all' || parameter.shape.length >= 2 ? lambda : 0 };
}

function groupError(message: string): GossamerError<TrainErrorCode> {
  return new GossamerError<TrainErrorCode>('ERR_TRAIN_OPTIONS', message);
}
