import { MOST_BY_SENSITIVITY } from './allocation/sensitivity.js';
import { badOption } from './bad-option.js';
import type { Criterion } from './criteria/criterion.js';
import { findCriterion } from './criteria/registry.js';
import { requireThreshold } from './criteria/threshold.js';
import type { Threshold } from './criteria/threshold-limit.js';
import { parsePattern } from './patterns/parse-pattern.js';
import type { Pattern } from './patterns/pattern.js';
import { type Allocation, ALLOCATIONS, type PruneWeightsOptions } from './prune-weights-options.js';
import { requireShare } from './require-share.js';
import { findUpdate } from './updates/registry.js';
import type { Update } from './updates/update.js';

/** What is to be done. */
export interface ResolvedOptions {
  /** Undefined: the update chooses. */
  readonly criterion: Criterion | undefined;
  readonly update: Update | 'woodfisher' | undefined;
  readonly pattern: Pattern;
  /** Undefined: the threshold says it. */
  readonly sparsity: number | undefined;
  readonly threshold: Threshold | undefined;
  readonly allocation: Allocation;
}

/** Throws ERR_PRUNE_OPTION and ERR_PRUNE_DATA. */
export function resolveOptions(options: PruneWeightsOptions): ResolvedOptions {
  const update = findUpdate(options.update ?? 'none');
  const ownChoice = update === 'woodfisher' ? 'woodfisher' : update ? undefined : 'magnitude';
  const name = options.criterion ?? ownChoice;
  const criterion = name === undefined ? undefined : findCriterion(name);
  const pattern = parsePattern(options.pattern ?? 'unstructured');
  if (!options.data) {
    if (update) badOption('data', `samples for update ${options.update}`, 'none', 'ERR_PRUNE_DATA');
    if (criterion && criterion.needs !== 'nothing')
      badOption('data', `samples for criterion ${criterion.name}`, 'none', 'ERR_PRUNE_DATA');
    if (options.allocation === 'sensitivity')
      badOption('data', "samples for allocation 'sensitivity'", 'none', 'ERR_PRUNE_DATA');
  }
  if (!criterion && pattern.name !== 'unstructured' && !pattern.nOf)
    badOption(
      'criterion',
      `one with pattern ${pattern.name}, which update ${options.update} has no choice for`,
      'none',
    );
  return { criterion, update, pattern, ...howMuch(options, criterion, pattern) };
}

/** How much goes, and from where. */
function howMuch(
  { sparsity, allocation, threshold }: PruneWeightsOptions,
  criterion: Criterion | undefined,
  pattern: Pattern,
): Pick<ResolvedOptions, 'sparsity' | 'threshold' | 'allocation'> {
  if (allocation !== undefined && !ALLOCATIONS.includes(allocation))
    badOption('allocation', ALLOCATIONS.join(', '), allocation);
  if (threshold !== undefined && criterion?.cut === undefined)
    badOption('threshold', 'none but with criterion threshold', JSON.stringify(threshold));
  const saysIt =
    criterion?.cut === undefined ? pattern.fixed !== undefined && `pattern ${pattern.name}` : 'criterion threshold';
  if (saysIt) {
    if (sparsity !== undefined) badOption('sparsity', `none with ${saysIt}`, sparsity);
    if (allocation !== undefined) badOption('allocation', `none with ${saysIt}`, allocation);
  }
  if (criterion?.cut !== undefined) {
    if (pattern.name !== 'unstructured') badOption('pattern', 'unstructured with criterion threshold', pattern.name);
    return { sparsity: undefined, threshold: requireThreshold(threshold), allocation: 'global' };
  }
  if (pattern.fixed !== undefined) return { sparsity: pattern.fixed, threshold, allocation: 'uniform' };
  if (sparsity === undefined) badOption('sparsity', 'a share of the weights', 'none');
  requireShare('sparsity', sparsity);
  if (allocation === 'sensitivity' && sparsity > MOST_BY_SENSITIVITY)
    badOption('sparsity', `at most ${MOST_BY_SENSITIVITY} with allocation 'sensitivity'`, sparsity);
  const isGlobal = criterion?.isGlobal ?? false;
  if (allocation === 'global' && !isGlobal)
    badOption(
      'allocation',
      `'uniform', 'row', 'erk' or 'sensitivity' with ${criterion?.name ?? 'the choice of an update'}, whose scores are those of a layer`,
      allocation,
    );
  if (allocation === 'row' && (!criterion || pattern.name !== 'unstructured'))
    badOption(
      'allocation',
      `'uniform', 'erk' or 'sensitivity' with ${criterion ? `pattern ${pattern.name}` : 'the choice of an update'}`,
      allocation,
    );
  return { sparsity, threshold, allocation: allocation ?? defaultAllocation(criterion, pattern) };
}

function defaultAllocation(criterion: Criterion | undefined, pattern: Pattern): Allocation {
  if (criterion?.isGlobal) return 'global';
  return criterion?.isByRow && pattern.name === 'unstructured' ? 'row' : 'uniform';
}
