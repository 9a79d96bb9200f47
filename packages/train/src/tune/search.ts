import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { badOption } from '../require-option.js';
import { checkSpace, type Configuration, type SearchSpace } from './search-space.js';

/** What is to be tried next. */
export interface Proposal {
  readonly configuration: Configuration;
  /** How much to spend on it in all, in the strategy's unit (epochs, steps); absent: everything. */
  readonly budget?: number;
  /** An earlier trial of the same configuration and a smaller budget, whose training can be gone on with. */
  readonly continues?: number;
}

/** A configuration that was handed out; ids count from 0. */
export interface Trial extends Proposal {
  readonly id: number;
}

/** A trial, and its value once it is known; null: it failed, which is worse than any number. JSON. */
export interface TrialRecord extends Trial {
  readonly value?: number | null;
}

/** How the next trial follows from those before: a pure function, so that a search goes on alike from its history. */
export interface SearchStrategy {
  readonly name: string;
  /** What else the trials depend on. JSON. */
  readonly options: Readonly<Record<string, number>>;
  /** How many trials there are in all; absent: as many as are asked for. */
  readonly trials?: number;
  /** undefined: nothing more, or nothing before values of pending trials are told. */
  propose(space: SearchSpace, seed: number, history: readonly TrialRecord[]): Proposal | undefined;
}

/** All that a search is. JSON. */
export interface SearchState {
  readonly strategy: string;
  readonly options: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly space: SearchSpace;
  readonly trials: readonly TrialRecord[];
}

/** What a trial is worth when trials are ordered: lower is better, and pending and failed ones are worst. */
export const worthOf = ({ value }: TrialRecord): number => value ?? Infinity;

/** Looks for the configuration of the lowest value. */
export class Search {
  readonly #records: TrialRecord[] = [];

  constructor(
    private readonly space: SearchSpace,
    private readonly strategy: SearchStrategy,
    private readonly seed = 0,
  ) {
    checkSpace(space);
    if (!(Number.isSafeInteger(seed) && seed >= 0)) badOption('seed', 'an integer >= 0', seed);
  }

  /** Goes on from `state`: asks for the same trials as the search it was taken from. Throws ERR_CHECKPOINT for a state of another strategy. */
  static restore(state: SearchState, strategy: SearchStrategy): Search {
    const [expected, received] = [strategy, { ...state, name: state.strategy }].map(
      ({ name, options }) => `${name} ${JSON.stringify(options)}`,
    );
    if (expected !== received) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_CHECKPOINT',
        `search: expected the state of ${expected}, received one of ${received}`,
      );
    }
    const search = new Search(state.space, strategy, state.seed);
    search.#records.push(...state.trials);
    return search;
  }

  /** The next trial; undefined when there is none, or none before pending ones are told. */
  ask(): Trial | undefined {
    const proposal = this.strategy.propose(this.space, this.seed, this.#records);
    if (!proposal) return undefined;
    const trial = { id: this.#records.length, ...proposal };
    this.#records.push(trial);
    return trial;
  }

  /** The value of a trial that was asked for; a number that is not finite means that it failed. */
  tell({ id }: Pick<Trial, 'id'>, value: number): void {
    const record = this.#records[id];
    if (!record || record.value !== undefined) badOption('trial', 'one that is pending', id);
    this.#records[id] = { ...record, value: Number.isFinite(value) ? value : null };
  }

  get trials(): readonly TrialRecord[] {
    return this.#records;
  }

  /**
   * The trial of the lowest value, the first of equals; where budgets differ, of those with the largest budget that was told. Undefined while
   * there is no value.
   */
  get best(): TrialRecord | undefined {
    const told = this.#records.filter(({ value }) => typeof value === 'number');
    const budget = Math.max(...told.map((record) => record.budget ?? Infinity));
    return told
      .filter((record) => (record.budget ?? Infinity) === budget)
      .reduce<TrialRecord | undefined>(
        (best, next) => (best && worthOf(best) <= worthOf(next) ? best : next),
        undefined,
      );
  }

  toJSON(): SearchState {
    const { name, options } = this.strategy;
    return { strategy: name, options, seed: this.seed, space: this.space, trials: [...this.#records] };
  }
}
