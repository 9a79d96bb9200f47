import type { Model } from '@gossamer/graph';
import { badOption } from '../bad-option.js';
import { pruneWeights } from '../prune-weights.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { requireShare } from '../require-share.js';
import type { Learner } from './learner.js';
import { recover } from './recover.js';
import { pruningSettings, type Round, roundSparsities, sparsityOf } from './rounds.js';
import { runStages, type StageContext, type StageOptions } from './run-stages.js';

export interface IterativeOptions extends StageOptions {
  /** Share of the weights meant that are 0 in the end, in (0, 1). */
  readonly sparsity: number;
  /** Default 5. Each takes the same share of what is left. */
  readonly rounds?: number;
  /** How elements are chosen: criterion, pattern, allocation, layers. Default: the smallest of all. */
  readonly prune?: Omit<PruneWeightsOptions, 'sparsity' | 'signal' | 'onProgress'>;
  /** Trains the model of a round on; its zeros are masked. */
  readonly learn: Learner;
}

/**
 * Takes weights away round by round, with recovery behind each: what is gone stays gone. With a folder every round's model is kept whole, and a call that is made again goes on behind the last one.
 *
 * Source: Han et al., "Learning both Weights and Connections" (arXiv:1506.02626), section 3.3. Throws ERR_PRUNE_OPTION, ERR_PRUNE_MASK, ERR_PRUNE_STAGES.
 */
export async function pruneIteratively(
  model: Model,
  options: IterativeOptions,
): Promise<{ model: Model; rounds: readonly Round[] }> {
  const { sparsity, rounds = 5, prune = {}, learn, signal } = options;
  requireShare('sparsity', sparsity, 0, 1);
  if (!(Number.isSafeInteger(rounds) && rounds >= 1)) badOption('rounds', 'an integer >= 1', rounds);
  const shares = roundSparsities(sparsity, rounds);
  const stages = shares.map((share, i) => ({
    name: `round-${i + 1}`,
    run: async ({ model: made, checkpoint }: StageContext) => {
      const before = i === 0 ? model : made(`round-${i}`);
      const pruned = await pruneWeights(before, { ...prune, sparsity: share, ...(signal ? { signal } : {}) });
      const lesson = { ...(checkpoint ? { checkpoint } : {}), ...(signal ? { signal } : {}) };
      return (await recover(pruned.model, learn, lesson)).model;
    },
  }));
  const settings = ['iterative', shares, pruningSettings(prune), learn];
  const made = await runStages(model, settings, stages, options);
  const list = [...made].map(([name, own]): Round => ({ name, model: own, sparsity: sparsityOf(own, prune) }));
  return { model: list.at(-1)!.model, rounds: list };
}
