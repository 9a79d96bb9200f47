import { badOption } from './error-codes.js';
import { findMethod } from './methods/registry.js';
import type { Method } from './methods/method.js';
import type { Budget, FactorizeOptions } from './options.js';

/** How ranks are chosen. */
export type RankRule =
  | { readonly kind: 'rank'; readonly rank: number }
  | { readonly kind: 'energy'; readonly energy: number }
  | { readonly kind: 'budget'; readonly budget: Budget }
  | { readonly kind: 'sensitivity'; readonly noise: number };

export interface ResolvedOptions extends Pick<FactorizeOptions, 'data' | 'signal' | 'onProgress'> {
  readonly method: Method;
  readonly ranks: RankRule;
  readonly samples: number;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly refit: boolean;
  readonly roundTo: number;
  readonly density: number;
  readonly seed: number;
}

/** Fills in defaults; throws ERR_FACTORIZE_OPTION or ERR_FACTORIZE_DATA. */
export function resolveOptions(options: FactorizeOptions): ResolvedOptions {
  const { data, refit = false, include = [], exclude = [] } = options;
  const { samples = 128, roundTo = 16, density = 0.02, seed = 0, signal, onProgress } = options;
  const method = findMethod(options.method ?? (data ? 'whitened-svd' : 'svd'));
  const ranks = rankRule(options);
  requireInteger('samples', samples, 1);
  requireInteger('roundTo', roundTo, 1);
  requireInteger('seed', seed, 0);
  requireShare('density', density);
  if (options.density !== undefined && method.name !== 'sparse-low-rank') {
    badOption('density', "none without method 'sparse-low-rank'", density);
  }
  const needs = Object.entries({
    [`method '${method.name}'`]: method.needs === 'moments',
    sensitivity: ranks.kind === 'sensitivity',
    refit,
  }).find(([, isNeeded]) => isNeeded)?.[0];
  if (needs !== undefined && !data) badOption('data', `samples, for ${needs}`, data, 'ERR_FACTORIZE_DATA');
  if (needs !== undefined && data?.latencyOnly) {
    badOption('data', `samples that mean something, for ${needs}`, data.description, 'ERR_FACTORIZE_DATA');
  }
  return {
    ...{ method, ranks, samples, include, exclude, refit, roundTo, density, seed },
    ...(data ? { data } : {}),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  };
}

function rankRule({ rank, energy, budget, sensitivity }: FactorizeOptions): RankRule {
  const given = Object.entries({ rank, energy, budget, sensitivity }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([name]) => name);
    badOption('ranks', 'one of rank, energy, budget and sensitivity', names);
  }
  if (rank !== undefined) {
    requireInteger('rank', rank, 1);
    return { kind: 'rank', rank };
  }
  if (budget !== undefined) {
    if (!['bytes', 'macs'].includes(budget.of)) badOption('budget.of', "'bytes' or 'macs'", budget.of);
    if (!(budget.share > 0 && budget.share <= 1)) badOption('budget.share', 'a number in (0, 1]', budget.share);
    return { kind: 'budget', budget };
  }
  if (sensitivity !== undefined) {
    if (!(Number.isFinite(sensitivity) && sensitivity > 0)) badOption('sensitivity', 'a number > 0', sensitivity);
    return { kind: 'sensitivity', noise: sensitivity };
  }
  if (energy !== undefined) requireShare('energy', energy);
  return { kind: 'energy', energy: energy ?? 0.99 };
}

function requireInteger(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least)) badOption(name, `an integer >= ${least}`, value);
}

function requireShare(name: string, value: number): void {
  if (!(value > 0 && value < 1)) badOption(name, 'a number in (0, 1)', value);
}
