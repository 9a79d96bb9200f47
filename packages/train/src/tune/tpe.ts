import { badOption, requireInteger } from '../require-option.js';
import { draw } from './draw.js';
import { ParzenEstimator } from './parzen.js';
import { randomConfiguration } from './random-search.js';
import { type SearchStrategy, type TrialRecord, worthOf } from './search.js';
import {
  type ChoiceParameter,
  flatRange,
  type FloatParameter,
  type IntParameter,
  type ParameterValue,
  type SearchParameter,
} from './search-space.js';

export interface TpeOptions {
  /** Trials drawn at random before the first estimate, >= 1. Default 10. */
  readonly startup?: number;
  /** Share of the trials that count as good, in (0, 1). Default 0.15. */
  readonly gamma?: number;
  /** Draws from the good ones' density of which the best is taken, >= 1. Default 24. */
  readonly candidates?: number;
}

/** Good trials beyond which more would blur the estimate. */
const MOST_GOOD = 25;

/**
 * Tree-structured Parzen estimator: the gamma best trials give a density l of good values, the others g; of draws from l the one with the largest
 * l / g is taken, which maximises expected improvement. Each parameter by itself.
 *
 * Source: Bergstra, Bardenet, Bengio, Kegl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011, section 4. Draws a parameter, startup
 * and the limit of good trials as in hyperopt and optuna.
 */
export function tpe({ startup = 10, gamma = 0.15, candidates = 24 }: TpeOptions = {}): SearchStrategy {
  requireInteger('startup', startup, 1);
  requireInteger('candidates', candidates, 1);
  if (!(gamma > 0 && gamma < 1)) badOption('gamma', 'a share in (0, 1)', gamma);
  return {
    name: 'tpe',
    options: { startup, gamma, candidates },
    propose(space, seed, history) {
      const id = history.length;
      const told = history.filter(({ value }) => value !== undefined);
      if (told.length < startup) return { configuration: randomConfiguration(space, seed, id) };
      const ranked = [...told].sort((a, b) => compare(worthOf(a), worthOf(b)) || a.id - b.id);
      const limit = Math.min(MOST_GOOD, Math.ceil(gamma * told.length));
      const inTime = (records: readonly TrialRecord[]): TrialRecord[] => [...records].sort((a, b) => a.id - b.id);
      const [good, bad] = [inTime(ranked.slice(0, limit)), inTime(ranked.slice(limit))];
      const configuration = Object.fromEntries(
        Object.entries(space).map(([name, parameter]) => {
          const valuesOf = (records: readonly TrialRecord[]) => records.map((record) => record.configuration[name]!);
          const draws = draw(seed, id, name, 2 * candidates);
          return [name, suggest(parameter, valuesOf(good), valuesOf(bad), draws)];
        }),
      );
      return { configuration };
    },
  };
}

function suggest(
  parameter: SearchParameter,
  good: readonly ParameterValue[],
  bad: readonly ParameterValue[],
  draws: Float32Array,
): ParameterValue {
  if (parameter.kind === 'choice') return suggestChoice(parameter, good, bad, draws);
  return suggestNumber(parameter, good as readonly number[], bad as readonly number[], draws);
}

/** Infinity equals itself, which a difference does not say. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

function suggestNumber(
  parameter: FloatParameter | IntParameter,
  good: readonly number[],
  bad: readonly number[],
  draws: Float32Array,
): number {
  const range = flatRange(parameter);
  if (range.low === range.high) return parameter.low;
  const estimate = (values: readonly number[]) => new ParzenEstimator(values.map(range.flatten), range.low, range.high);
  const [likely, unlikely] = [estimate(good), estimate(bad)];
  const score = (x: number): number =>
    parameter.kind === 'int'
      ? likely.logMass(x - 0.5, x + 0.5) - unlikely.logMass(x - 0.5, x + 0.5)
      : likely.logDensity(x) - unlikely.logDensity(x);
  return bestOf(draws.length / 2, (i) => {
    const value = range.valueAt(likely.sample(draws[2 * i]!, draws[2 * i + 1]!));
    return { value, score: score(range.flatten(value)) };
  });
}

function suggestChoice(
  { values }: ChoiceParameter,
  good: readonly ParameterValue[],
  bad: readonly ParameterValue[],
  draws: Float32Array,
): ParameterValue {
  // Counts with one more each: the prior.
  const shares = (seen: readonly ParameterValue[]): number[] =>
    values.map((value) => (seen.filter((other) => other === value).length + 1) / (seen.length + values.length));
  const [likely, unlikely] = [shares(good), shares(bad)];
  return bestOf(draws.length / 2, (i) => {
    let rest = draws[2 * i]!;
    const drawn = likely.findIndex((share) => (rest -= share) < 0);
    const at = drawn < 0 ? values.length - 1 : drawn;
    return { value: values[at]!, score: likely[at]! / unlikely[at]! };
  });
}

/** The value of the highest score among `count` candidates, the first of equals. */
function bestOf<T>(count: number, candidate: (i: number) => { readonly value: T; readonly score: number }): T {
  let best = candidate(0);
  for (let i = 1; i < count; i++) {
    const next = candidate(i);
    if (next.score > best.score) best = next;
  }
  return best.value;
}
