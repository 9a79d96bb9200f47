import { layerFilter, type Model } from '@gossamer/graph';
import { badOption } from '../bad-option.js';
import { pruneWeights } from '../prune-weights.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { requireShare } from '../require-share.js';
import { findWeights } from '../weights/find-weights.js';
import type { Learner } from './learner.js';
import { recover } from './recover.js';
import { sparsityOf } from './rounds.js';
import { runStages, type StageContext, type StageOptions } from './run-stages.js';

export interface SparseTrainingOptions extends StageOptions, Pick<PruneWeightsOptions, 'include' | 'exclude'> {
  /** Least share of the weights meant that are 0 in the end, in (0, 1). */
  readonly sparsity: number;
  /** lambda of the penalty, > 0: each update takes learning rate x lambda off every weight. */
  readonly strength: number;
  readonly learn: Learner;
}

export interface SparseTrainingResult {
  readonly model: Model;
  /** Share of the weights meant that are 0, in the result and as the penalty alone left it; above `sparsity` where that took more. */
  readonly sparsity: number;
  readonly byPenalty: number;
}

/**
 * Trains with an L1 penalty, taken as a proximal step that reaches exact zeros, then takes the smallest weights that are missing to `sparsity`, and trains what is left on without the penalty, which
 * shrinks what stays too. Stages: 'sparse', 'recovered'.
 *
 * Source: Liu et al., "Sparse Convolutional Neural Networks", CVPR 2015 (L1 and fine-tuning with the zeros fixed); Collins and Kohli (arXiv:1412.1442). Throws ERR_PRUNE_OPTION, ERR_PRUNE_MASK, ERR_PRUNE_STAGES.
 */
export async function trainSparse(model: Model, options: SparseTrainingOptions): Promise<SparseTrainingResult> {
  const { sparsity, strength, learn, include = [], exclude = [], signal } = options;
  requireShare('sparsity', sparsity);
  if (!(strength > 0 && strength < Infinity)) badOption('strength', 'a finite number above 0', strength);
  const { weights } = findWeights(model, layerFilter(model, { include, exclude }).filter);
  if (weights.length === 0) badOption('include', 'layers with weights', 'none');
  const tensors = weights.map(({ view }) => ({ name: view.source.name }));
  const stop = signal ? { signal } : {};
  const lessonOf = ({ checkpoint }: StageContext) => ({ ...(checkpoint ? { checkpoint } : {}), ...stop });
  const stages = [
    {
      name: 'sparse',
      run: async (context: StageContext) =>
        (await learn(model, { ...lessonOf(context), regularizers: [{ regularizer: 'l1', strength, tensors }] })).model,
    },
    {
      name: 'recovered',
      run: async (context: StageContext) => {
        const pruned = await pruneWeights(context.model('sparse'), { sparsity, include, exclude, ...stop });
        return (await recover(pruned.model, learn, lessonOf(context))).model;
      },
    },
  ];
  const made = await runStages(model, ['sparse', sparsity, strength, include, exclude, learn], stages, options);
  const [sparse, recovered] = [made.get('sparse')!, made.get('recovered')!];
  const of = { include, exclude };
  return { model: recovered, sparsity: sparsityOf(recovered, of), byPenalty: sparsityOf(sparse, of) };
}
