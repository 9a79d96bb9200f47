import { InvalidArgumentError } from 'commander';

/** An option that is an integer >= 0. */
export function integer(value: string): number {
  const parsed = Number(value);
  if (value.trim() !== '' && Number.isSafeInteger(parsed) && parsed >= 0) return parsed;
  throw new InvalidArgumentError(`expected an integer >= 0, received ${value}`);
}

/** An option that is an integer > 0. */
export function count(value: string): number {
  const parsed = integer(value);
  if (parsed > 0) return parsed;
  throw new InvalidArgumentError(`expected an integer > 0, received ${value}`);
}

/** An option that is a finite number. */
export function number(value: string): number {
  const parsed = Number(value);
  if (value.trim() !== '' && Number.isFinite(parsed)) return parsed;
  throw new InvalidArgumentError(`expected a number, received ${value}`);
}
