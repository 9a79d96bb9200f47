import { gradual, type GradualOptions, movement, rigl } from '@gossamer/prune';
import type { Sparsifier } from '@gossamer/train';
import { badOption } from './bad-option.js';

/** What takes weights away while a model is trained. */
export const SPARSIFIERS = { gradual, movement, rigl } satisfies Readonly<
  Record<string, (options: Pick<GradualOptions, 'parameters' | 'sparsity'>) => Sparsifier>
>;

export type SparsifierName = keyof typeof SPARSIFIERS;

/** Throws ERR_OPTION for a name that there is not, and for rounds, which have trainings of their own. */
export function requireSparsifier(name: string, rounds: number): void {
  if (!Object.hasOwn(SPARSIFIERS, name)) {
    badOption('recovery.sparsifier', Object.keys(SPARSIFIERS).join(', '), JSON.stringify(name));
  }
  if (rounds > 1) badOption('recovery.rounds', `1 with sparsifier ${name}`, rounds);
}
