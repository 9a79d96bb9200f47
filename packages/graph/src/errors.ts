const BRAND = Symbol.for('gossamer.error');

/**
 * An error the caller can act on: wrong input, a broken file, a missing engine, a full disk.
 *
 * `code` is stable (`ERR_...`) and every package exports the union of its codes. The message reads
 * `what: expected X, received Y`. A broken promise inside Gossamer itself throws a plain `Error` instead.
 */
export class GossamerError<Code extends string = string> extends Error {
  override name = 'GossamerError';

  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** True for a GossamerError of any copy of this package (branded by `Symbol.for`, so realms and duplicates do not matter). */
export function isGossamerError(error: unknown): error is GossamerError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
}
