import { median } from '@gossamer/runtime';
import { randomSearch } from './random-search.js';
import { createSearch } from './registry.js';
import { Search, type SearchState, type SearchStrategy } from './search.js';
import type { Configuration, SearchSpace } from './search-space.js';
import { tpe } from './tpe.js';

const space: SearchSpace = {
  rate: { kind: 'log-uniform', low: 1e-5, high: 1 },
  decay: { kind: 'uniform', low: 0, high: 1 },
  width: { kind: 'int', low: 1, high: 64 },
  optimizer: { kind: 'choice', values: ['sgd', 'adam', 'lion', 'rmsprop'] },
};

/** Lowest, 0, at rate 1e-3, decay 0.7, width 40 and adam. */
function truth({ rate, decay, width, optimizer }: Configuration): number {
  const far = (Math.log10(rate as number) + 3) ** 2 / 4 + ((decay as number) - 0.7) ** 2 * 4;
  return far + (((width as number) - 40) / 32) ** 2 + (optimizer === 'adam' ? 0 : 0.5);
}

/** A number in [-1, 1) of the trial. */
const noise = (seed: number, id: number): number => {
  const x = Math.sin((id + 1) * 12.9898 + seed * 78.233) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
};

function run(strategy: SearchStrategy, seed: number, trials: number): Search {
  const search = new Search(space, strategy, seed);
  for (let i = 0; i < trials; i++) {
    const trial = search.ask()!;
    search.tell(trial, truth(trial.configuration) + 0.05 * noise(seed, trial.id));
  }
  return search;
}

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

describe('tpe', () => {
  it('beats random search at equal trials: in the median over 10 seeds the configuration it calls best is truly better', () => {
    const found = (strategy: SearchStrategy): number[] =>
      Array.from({ length: 10 }, (_, seed) => truth(run(strategy, seed, 50).best!.configuration));
    const [estimated, random] = [median(found(tpe())), median(found(randomSearch()))];
    expect(estimated).toBeLessThan(random / 2);
  });

  it('stays within the space', () => {
    for (const { configuration } of run(tpe(), 3, 60).trials) {
      const { rate, decay, width, optimizer } = configuration;
      expect(rate).toBeGreaterThanOrEqual(1e-5);
      expect(rate).toBeLessThanOrEqual(1);
      expect(decay).toBeGreaterThanOrEqual(0);
      expect(decay).toBeLessThanOrEqual(1);
      expect(Number.isInteger(width) && (width as number) >= 1 && (width as number) <= 64).toBe(true);
      expect(['sgd', 'adam', 'lion', 'rmsprop']).toContain(optimizer);
    }
  });

  it.each([tpe(), randomSearch()])('$name goes on alike from its state as JSON', (strategy) => {
    const whole = run(strategy, 5, 40);
    const half = JSON.parse(JSON.stringify(run(strategy, 5, 25))) as SearchState;
    const resumed = Search.restore(half, strategy);
    for (let i = 25; i < 40; i++) {
      const trial = resumed.ask()!;
      resumed.tell(trial, truth(trial.configuration) + 0.05 * noise(5, trial.id));
    }
    expect(resumed.toJSON()).toEqual(whole.toJSON());
    expect(() => Search.restore(half, tpe({ gamma: 0.3 }))).toThrow(code('ERR_CHECKPOINT'));
  });

  it('treats failed trials as the worst, and leaves pending ones out', () => {
    const search = new Search({ x: { kind: 'uniform', low: 0, high: 1 } }, tpe({ startup: 8 }), 1);
    search.ask();
    for (let i = 0; i < 40; i++) {
      const trial = search.ask()!;
      const x = trial.configuration['x'] as number;
      search.tell(trial, x > 0.5 ? NaN : 1 - x);
    }
    const late = search.trials.slice(21).map(({ configuration }) => configuration['x'] as number);
    expect(median(late)).toBeLessThan(0.5);
    expect(median(late)).toBeGreaterThan(0.3);
    expect(search.best!.value).toBeLessThan(0.6);
    expect(search.trials[0]!.value).toBeUndefined();
  });

  it('takes a range of one value', () => {
    const search = new Search({ x: { kind: 'log-uniform', low: 2, high: 2 } }, tpe({ startup: 1 }));
    search.tell(search.ask()!, 1);
    expect(search.ask()!.configuration).toEqual({ x: 2 });
  });

  it('refuses wrong options, and trials that are not pending', () => {
    expect(() => tpe({ gamma: 1 })).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => tpe({ startup: 0 })).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => createSearch('grid')).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(createSearch('tpe', { gamma: 0.2 }).options['gamma']).toBe(0.2);
    const search = run(randomSearch(), 0, 1);
    expect(() => search.tell({ id: 0 }, 1)).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => search.tell({ id: 1 }, 1)).toThrow(code('ERR_TRAIN_OPTIONS'));
  });
});
