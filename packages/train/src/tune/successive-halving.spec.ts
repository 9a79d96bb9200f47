import { Search, type SearchState } from './search.js';
import type { SearchSpace } from './search-space.js';
import { rungsOf, successiveHalving } from './successive-halving.js';

const space: SearchSpace = { x: { kind: 'uniform', low: 0, high: 1 } };

describe('successive halving', () => {
  // Li et al., JMLR 2018, algorithm 1 by hand for R = 81, eta = 3: s_max = 4, n = ceil(5 / (s + 1) 3^s) = 81, 34, 15, 8, 5.
  it('has the rungs of Hyperband', () => {
    const table = rungsOf({ maximum: 81, brackets: 5 }).map(({ count, budget }) => [count, budget]);
    expect(table).toEqual([
      ...[
        [81, 1],
        [27, 3],
        [9, 9],
        [3, 27],
        [1, 81],
      ],
      ...[
        [34, 3],
        [11, 9],
        [3, 27],
        [1, 81],
      ],
      ...[
        [15, 9],
        [5, 27],
        [1, 81],
      ],
      ...[
        [8, 27],
        [2, 81],
      ],
      [5, 81],
    ]);
  });

  // Algorithm 1 of Jamieson and Talwalkar: round k gives each of |S_k| = floor(n 2^-k) arms floor(B / (|S_k| K)) of a budget B over K rounds.
  it.each([
    [2, 64],
    [3, 81],
    [4, 256],
  ])('spends its budget as published: equal parts a round (eta %i, R %i)', (eta, maximum) => {
    const rungs = rungsOf({ maximum, eta });
    const n = rungs[0]!.count;
    const budget = rungs.length * maximum;
    rungs.forEach(({ count, budget: each }, k) => {
      expect(count).toBe(Math.floor(n / eta ** k));
      expect(each).toBe(Math.floor(budget / (count * rungs.length)));
    });
    expect(rungs.reduce((sum, rung) => sum + rung.count * rung.budget, 0)).toBe(budget);
  });

  it('promotes the best of each rung, and asks for no more while one of it is pending', () => {
    const search = new Search(space, successiveHalving({ maximum: 9 }), 4);
    const first = Array.from({ length: 9 }, () => search.ask()!);
    expect(search.ask()).toBeUndefined();
    first.forEach((trial, i) => search.tell(trial, [5, 1, 8, NaN, 2, 7, 3, 6, 4][i]!));
    const second = Array.from({ length: 3 }, () => search.ask()!);
    expect(second.map(({ continues, budget }) => [continues, budget])).toEqual([
      [1, 3],
      [4, 3],
      [6, 3],
    ]);
    second.forEach(({ configuration, continues }) => expect(configuration).toEqual(first[continues!]!.configuration));
    second.forEach((trial, i) => search.tell(trial, [3, 2, 2][i]!));
    const last = search.ask()!;
    expect([last.continues, last.budget]).toEqual([10, 9]);
    search.tell(last, 7);
    expect(search.ask()).toBeUndefined();
    // Values of smaller budgets do not count.
    expect(search.best!.id).toBe(12);
  });

  it('goes on alike from its state, over brackets', () => {
    const strategy = successiveHalving({ maximum: 9, brackets: 3 });
    const play = (search: Search, until: number): Search => {
      while (search.trials.length < until) {
        const trial = search.ask()!;
        search.tell(trial, ((trial.configuration['x'] as number) - 0.3) ** 2 + 1 / trial.budget!);
      }
      return search;
    };
    const whole = play(new Search(space, strategy, 2), strategy.trials!);
    expect(whole.ask()).toBeUndefined();
    const state = JSON.parse(JSON.stringify(play(new Search(space, strategy, 2), 11))) as SearchState;
    expect(play(Search.restore(state, strategy), strategy.trials!).toJSON()).toEqual(whole.toJSON());
    expect(whole.best!.budget).toBe(9);
  });

  it('refuses wrong options', () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => successiveHalving({ maximum: 0 })).toThrow(code);
    expect(() => successiveHalving({ maximum: 9, eta: 1 })).toThrow(code);
    expect(() => successiveHalving({ maximum: 9, brackets: 4 })).toThrow(code);
  });
});
