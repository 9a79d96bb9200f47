import { GossamerError } from '@gossamer/graph';

/** Codes of the errors this package throws. */
export type EncodeErrorCode =
  /** Bytes that are no .gsm file of a known version, or that contradict themselves. */
  | 'ERR_GSM_FORMAT'
  /** Bytes that are not those that were written. */
  | 'ERR_GSM_CHECKSUM'
  /** A file that declares more than the caller's limits allow. */
  | 'ERR_GSM_LIMIT'
  /** An argument of the wrong kind or range. */
  | 'ERR_ENCODE_OPTION';

/** A GossamerError of this package. */
export function encodeError(
  code: EncodeErrorCode,
  message: string,
  options?: ErrorOptions,
): GossamerError<EncodeErrorCode> {
  return new GossamerError(code, message, options);
}
