import { GossamerError } from '@gossamer/graph';

/** Codes of the errors this package throws (beside those of the packages below it). */
export type FactorizeErrorCode =
  /** An option has a wrong value, or two options exclude each other. */
  | 'ERR_FACTORIZE_OPTION'
  /** The method, the refit or the choice of ranks needs data, and none were given. */
  | 'ERR_FACTORIZE_DATA';

/** Throws ERR_FACTORIZE_OPTION, or another code, for option `name`. */
export function badOption(
  name: string,
  expected: string,
  received: unknown,
  code: FactorizeErrorCode = 'ERR_FACTORIZE_OPTION',
): never {
  const text = `${name}: expected ${expected}, received ${JSON.stringify(received) ?? String(received)}`;
  throw new GossamerError<FactorizeErrorCode>(code, text);
}
