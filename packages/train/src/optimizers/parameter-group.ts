import { badOption, requireAtLeast } from '../require-option.js';

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
  if (claims.length > 1) badOption('groups', `at most one for ${parameter.name}`, claims.length);
  const { learningRateFactor = 1, decay = 'matrices', ...group } = claims[0] ?? {};
  const lambda = group.weightDecay ?? weightDecay;
  requireAtLeast('groups.learningRateFactor', learningRateFactor, 0);
  requireAtLeast('groups.weightDecay', lambda, 0);
  if (decay !== 'matrices' && decay !== 'all') badOption('groups.decay', 'matrices or all', decay);
  return { learningRateFactor, weightDecay: decay === 'all' || parameter.shape.length >= 2 ? lambda : 0 };
}
