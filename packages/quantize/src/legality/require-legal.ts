import type { Target } from '../choices.js';
import { badOption } from '../errors.js';

import { type Combination, isLegal, nearestLegal, OF_LAYER } from './nearest-legal.js';

/** By mode: the option that chooses the form. */
const FORM_OPTIONS: Readonly<Record<string, string>> = { static: 'format', 'weight-only': 'blockFormat' };

/** What another mode has other values, and defaults, for. */
const BY_MODE: ReadonlySet<string> = new Set(['activations', 'form']);

/** Throws ERR_QUANTIZE_OPTION where no operator may have this combination on the target; the message names the nearest legal one. `rule`: that of a layer, whose options begin with it. */
export function requireLegal(asked: Combination, target: Target, rule = ''): void {
  if (isLegal(asked, target)) return;
  const nearest = nearestLegal(asked, target, rule === '' ? undefined : OF_LAYER);
  const changed = (['mode', 'weights', 'activations', 'granularity', 'form'] as const).filter(
    (choice) =>
      asked[choice] !== nearest[choice] &&
      (asked.mode === nearest.mode || !BY_MODE.has(choice)) &&
      isChoice(choice, nearest.mode),
  );
  const say = (combination: Combination, choice: keyof Combination) =>
    `${choice === 'form' ? FORM_OPTIONS[combination.mode] : choice} ${combination[choice]}`;
  const [first, ...others] = changed;
  const rest = others.map((choice) => say(nearest, choice)).join(', ');
  const described = (['mode', 'weights', 'activations', 'granularity', 'form'] as const)
    .filter((choice) => isChoice(choice, asked.mode))
    .map((choice) => say(asked, choice))
    .join(', ');
  badOption(
    rule + (first === 'form' ? FORM_OPTIONS[nearest.mode]! : first!),
    `${nearest[first!]}${rest === '' ? '' : ` with ${rest}`} (the nearest that ${target} has to ${described})`,
    asked[first!],
  );
}

/** What can be chosen in a mode at all. */
function isChoice(choice: keyof Combination, mode: string): boolean {
  if (choice === 'activations') return mode === 'static';
  return choice !== 'form' || mode !== 'dynamic';
}
