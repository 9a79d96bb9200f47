import { GossamerError } from '@gossamer/graph';
import type { Loss, LossTerm } from '@gossamer/train';
import type { PruneErrorCode } from '../error-codes.js';

/** A term that knows whether a training has taken it up. */
export interface WatchedTerm {
  readonly term: LossTerm;
  /** Throws ERR_PRUNE_OPTION where none has. */
  requireBuilt(): void;
}

/** `loss` as a term that a learner must not leave out. */
export function watchTerm(loss: Loss, weight: number): WatchedTerm {
  let built = false;
  return {
    term: {
      weight,
      loss: {
        name: loss.name,
        build(context) {
          built = true;
          return loss.build(context);
        },
      },
    },
    requireBuilt() {
      if (built) return;
      throw new GossamerError<PruneErrorCode>(
        'ERR_PRUNE_OPTION',
        `learn: expected losses with lesson.terms (${loss.name}) among them, received a training without`,
      );
    },
  };
}
