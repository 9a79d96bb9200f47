import type { Model } from '@gossamer/graph';
import { type Masks, type Schedule, writeBack } from '@gossamer/train';
import { badOption } from '../bad-option.js';
import { zeroMasks } from '../masks/zero-masks.js';
import { pruneWeights } from '../prune-weights.js';
import type { IterativeOptions } from './prune-iteratively.js';
import type { Lesson } from './learner.js';
import { requireShare } from '../require-share.js';
import { recover } from './recover.js';
import { pruningSettings, type Round, roundSparsities, sparsityOf } from './rounds.js';
import { runStages, type Stage, type StageContext } from './run-stages.js';

export interface LotteryOptions extends IterativeOptions {
  /** T: updates of a whole training, >= 1; `learn` is told how many to make. */
  readonly steps: number;
  /** k: the update that rounds go back to, in [0, T). Some hundreds in place of 0 is what makes deep networks' tickets win. */
  readonly to: number;
  /** Learning rate of each update of the first training, from 0. */
  readonly schedule: Schedule;
  /** 'weights': what is left goes back to its values after update k (lottery ticket); 'rate': weights go on from where they are, and only the learning rate goes back. Default 'weights'. */
  readonly rewind?: 'weights' | 'rate';
}

/**
 * Trains `model`, untrained, takes weights away by what they have become, goes back to update k and trains what is left from there, T - k updates, round by round. Each round's optimiser
 * begins anew at k, that of the first training too, so that all rounds are alike. Stages: 'early' (k updates), 'dense', 'round-1', ...
 *
 * Source: Frankle and Carbin, "The Lottery Ticket Hypothesis" (arXiv:1803.03635), from k = 0; Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis" (arXiv:1912.05671), from a later
 * k; the rate alone: Renda, Frankle and Carbin (arXiv:2003.02389). Throws as `pruneIteratively` does.
 */
export async function lotteryTicket(
  model: Model,
  options: LotteryOptions,
): Promise<{ model: Model; rounds: readonly Round[] }> {
  const { sparsity, rounds = 5, prune = {}, learn, steps, to, schedule, rewind = 'weights', signal } = options;
  requireShare('sparsity', sparsity);
  for (const [name, value, least] of [
    ['rounds', rounds, 1],
    ['steps', steps, 1],
    ['to', to, 0],
  ] as const)
    if (!(Number.isSafeInteger(value) && value >= least)) badOption(name, `an integer >= ${least}`, value);
  if (to >= steps) badOption('to', `an update before ${steps}`, to);
  if (rewind !== 'weights' && rewind !== 'rate') badOption('rewind', 'weights or rate', rewind);
  const shares = roundSparsities(sparsity, rounds);
  const stop = signal ? { signal } : {};
  /** Updates [first, last) of the training. */
  const lesson = (first: number, last: number, { checkpoint }: StageContext): Lesson => ({
    ...{ steps: last - first, learningRate: (step: number) => schedule(first + step) },
    ...(checkpoint ? { checkpoint } : {}),
    ...stop,
  });
  const early = ({ model: made }: StageContext) => (to === 0 ? model : made('early'));
  const dense: Stage = {
    name: 'dense',
    run: async (context) => (await learn(early(context), lesson(to, steps, context))).model,
  };
  const pruning = shares.map((share, i): Stage => ({
    name: `round-${i + 1}`,
    run: async (context) => {
      const before = context.model(i === 0 ? 'dense' : `round-${i}`);
      const pruned = await pruneWeights(before, { ...prune, sparsity: share, ...stop });
      const masks = zeroMasks(pruned.model);
      const start = rewind === 'weights' ? masked(early(context), masks) : pruned.model;
      return (await recover(start, learn, { ...lesson(to, steps, context), masks })).model;
    },
  }));
  const first: Stage = { name: 'early', run: async (context) => (await learn(model, lesson(0, to, context))).model };
  const rates = Array.from({ length: steps }, (_, step) => schedule(step));
  const settings = ['lottery', shares, rewind, to, rates, pruningSettings(prune), learn];
  const made = await runStages(model, settings, [...(to === 0 ? [] : [first]), dense, ...pruning], options);
  const list = [...made].map(([name, own]): Round => ({ name, model: own, sparsity: sparsityOf(own, prune) }));
  return { model: list.at(-1)!.model, rounds: list };
}

/** `model` with 0 where the masks are; everything else of it stays. */
function masked(model: Model, masks: Masks): Model {
  return writeBack(
    model,
    new Map(
      [...masks].map(([name, mask]) => [
        name,
        model.graph
          .value(name)!
          .constant!.toFloat32()
          .map((value, i) => (mask[i] === 1 ? value : 0)),
      ]),
    ),
  );
}
