import { GossamerError, isGossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { requireInteger } from '../require-option.js';
import { Journal, type JournalEntry } from './journal.js';
import { Search, type SearchStrategy, type Trial, type TrialRecord } from './search.js';
import type { SearchSpace } from './search-space.js';
import { tpe } from './tpe.js';

/** What is measured: one fold of one trial. */
export interface Evaluation {
  readonly trial: Trial;
  /** In [0, folds). */
  readonly fold: number;
  readonly signal: AbortSignal | undefined;
}

/** Trains with `trial.configuration` and returns what is to be low. Throwing ERR_DIVERGED, or a number that is not finite, means that the trial failed. */
export type Objective = (evaluation: Evaluation) => number | Promise<number>;

export interface TuneOptions {
  readonly space: SearchSpace;
  /** Default: tpe(). */
  readonly search?: SearchStrategy;
  /** Most trials. Default: those of a strategy that ends; one that does not needs a number. */
  readonly trials?: number;
  /** Evaluations of each trial, one a fold; its value is their mean. Default 1. */
  readonly folds?: number;
  /** Default 0. */
  readonly seed?: number;
  /** What else the values depend on; a journal of another subject is refused. JSON. Default: nothing. */
  readonly subject?: Readonly<Record<string, unknown>>;
  /** Looked at before every evaluation; what was evaluated stays in the journal. */
  readonly signal?: AbortSignal;
  /** Called after every trial. */
  readonly onProgress?: (progress: TuneProgress) => void;
  /** File that the search is written to, and gone on with from where it exists: the same trials follow. Default: none. */
  readonly journal?: string;
}

export interface TuneProgress {
  readonly trial: TrialRecord;
  readonly best: TrialRecord | undefined;
}

export interface TuneResult {
  /** Undefined where every trial failed. */
  readonly best: TrialRecord | undefined;
  readonly trials: readonly TrialRecord[];
}

/** Looks for the configuration of the lowest mean over folds. Nothing depends on the time an evaluation takes. */
export async function tune(objective: Objective, options: TuneOptions): Promise<TuneResult> {
  const { space, search: strategy = tpe(), folds = 1, seed = 0, subject, signal, onProgress } = options;
  const trials = requireInteger('trials', options.trials ?? strategy.trials ?? 0, 1);
  requireInteger('folds', folds, 1);
  const search = new Search(space, strategy, seed);
  const header = {
    strategy: strategy.name,
    options: strategy.options,
    seed,
    folds,
    space,
    ...(subject ? { subject } : {}),
  };
  const journal = options.journal === undefined ? undefined : await Journal.open(options.journal, header);
  const known = [...(journal?.entries ?? [])];
  while (search.trials.length < trials) {
    const trial = search.ask();
    if (!trial) break;
    let sum = 0;
    for (let fold = 0; fold < folds && Number.isFinite(sum); fold++) {
      const entry = known.shift();
      if (entry) checkEntry(entry, trial, fold);
      const value = entry ? entry.value : await evaluate(objective, { trial, fold, signal });
      if (!entry) await journal?.add({ trial: trial.id, fold, value });
      sum += value ?? Infinity;
    }
    search.tell(trial, sum / folds);
    onProgress?.({ trial: search.trials[trial.id]!, best: search.best });
  }
  return { best: search.best, trials: search.trials };
}

async function evaluate(objective: Objective, evaluation: Evaluation): Promise<number | null> {
  evaluation.signal?.throwIfAborted();
  try {
    const value = await objective(evaluation);
    return Number.isFinite(value) ? value : null;
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_DIVERGED') return null;
    throw error;
  }
}

function checkEntry(entry: JournalEntry, { id }: Trial, fold: number): void {
  if (entry.trial === id && entry.fold === fold) return;
  throw new GossamerError<TrainErrorCode>(
    'ERR_CHECKPOINT',
    `journal: expected trial ${id}, fold ${fold}, received trial ${entry.trial}, fold ${entry.fold}`,
  );
}
