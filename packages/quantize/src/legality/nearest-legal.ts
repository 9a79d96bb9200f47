import type { Target } from '../choices.js';
import { LEGAL, type LegalForm, type LegalRow } from './legal.js';

/** The choices that have to go together. */
export interface Combination {
  readonly mode: string;
  readonly weights: string;
  readonly activations: string;
  readonly granularity: string;
  readonly form: string;
}

/** Forms belong to their mode: they change with it. */
const CHOICES = ['mode', 'weights', 'activations', 'granularity'] as const;

/** True where some kind of operator may have this combination on the target. */
export function isLegal(combination: Combination, target: Target): boolean {
  return LEGAL.some((row) => row.targets.includes(target) && matches(row, combination));
}

/** What one layer may have beside others: `mode`, `activations` and `form` are those of the model. */
export const OF_LAYER: readonly (keyof Combination)[] = ['weights', 'granularity'];

/**
 * The legal combination with the fewest changed choices, none but those of `free` (default: any); of several the one whose bits are nearest, then the first of
 * the table. There must be one: where some are fixed, they are those of a legal combination.
 */
export function nearestLegal(asked: Combination, target: Target, free?: readonly (keyof Combination)[]): Combination {
  let best: Combination | undefined;
  let least = [Infinity, Infinity];
  for (const row of LEGAL) {
    if (!row.targets.includes(target)) continue;
    for (const candidate of combinations(row)) {
      const keys = Object.keys(asked) as (keyof Combination)[];
      if (free && keys.some((choice) => !free.includes(choice) && asked[choice] !== candidate[choice])) continue;
      const distance = [changes(asked, candidate), bitsApart(asked, candidate)];
      if (distance[0]! > least[0]! || (distance[0] === least[0] && distance[1]! >= least[1]!)) continue;
      [best, least] = [candidate, distance];
    }
  }
  return best!;
}

/** Every combination of a row. */
export function* combinations({
  mode,
  forms,
  weights,
  activations,
  granularity,
}: LegalRow): Generator<Combination & { readonly form: LegalForm }> {
  for (const form of forms)
    for (const weight of weights)
      for (const activation of activations)
        for (const where of granularity)
          yield { mode, form, weights: weight, activations: activation, granularity: where };
}

function matches(row: LegalRow, { mode, form, weights, activations, granularity }: Combination): boolean {
  const has = (choices: readonly string[], choice: string) => choices.includes(choice);
  if (row.mode !== mode || !has(row.forms, form) || !has(row.weights, weights)) return false;
  return has(row.activations, activations) && has(row.granularity, granularity);
}

function changes(asked: Combination, candidate: Combination): number {
  // Only static mode has activations to choose.
  const named = CHOICES.filter((choice) => choice !== 'activations' || candidate.mode === asked.mode);
  const isOtherForm = asked.mode === candidate.mode && asked.form !== candidate.form;
  return named.filter((choice) => asked[choice] !== candidate[choice]).length + (isOtherForm ? 1 : 0);
}

function bitsApart(asked: Combination, candidate: Combination): number {
  const apart = (choice: 'weights' | 'activations') => Math.abs(bitsOf(asked[choice]) - bitsOf(candidate[choice]));
  return apart('weights') + (asked.mode === candidate.mode ? apart('activations') : 0);
}

/** The first number in the name: int8, codebook4, float8e4m3fn. */
const bitsOf = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? 0);
