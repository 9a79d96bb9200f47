import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from './error-codes.js';

/** Throws ERR_TRAIN_OPTIONS for option `name`. */
export function badOption(name: string, expected: string, received: unknown): never {
  const text = typeof received === 'number' ? String(received) : (JSON.stringify(received) ?? String(received));
  throw new GossamerError<TrainErrorCode>('ERR_TRAIN_OPTIONS', `${name}: expected ${expected}, received ${text}`);
}

/** `value`, where it is finite and not below `minimum`. */
export function requireAtLeast(name: string, value: number, minimum: number): number {
  return Number.isFinite(value) && value >= minimum ? value : badOption(name, `a finite number >= ${minimum}`, value);
}

/** `value`, where it is finite and > 0. */
export function requirePositive(name: string, value: number): number {
  return Number.isFinite(value) && value > 0 ? value : badOption(name, 'a finite number > 0', value);
}

/** `value`, where it is an integer not below `minimum`. */
export function requireInteger(name: string, value: number, minimum: number): number {
  return Number.isSafeInteger(value) && value >= minimum ? value : badOption(name, `an integer >= ${minimum}`, value);
}

/** The entry of `registry` called `name`. */
export function requireName<Registry extends object>(
  what: string,
  registry: Registry,
  name: string,
): Registry[keyof Registry] {
  if (Object.hasOwn(registry, name)) return registry[name as keyof Registry];
  return badOption(what, `one of ${Object.keys(registry).join(', ')}`, name);
}
