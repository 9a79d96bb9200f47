import { encodeError } from '../error-codes.js';

/** No probability here is above 1 - 8/65536, so that a byte holds fewer than 8 / log2(65536 / 65528) = 45,424 decisions. */
const DECISIONS_PER_BYTE = 45_425;
/** What a stream may leave out at its end. */
const SLACK_BYTES = 8;

/**
 * Throws ERR_GSM_FORMAT when a stream of `byteLength` bytes cannot hold `count` decisions: before memory or time is spent on them. A sound
 * stream always passes.
 */
export function checkSymbols(count: number, byteLength: number): void {
  if (count <= DECISIONS_PER_BYTE * (byteLength + SLACK_BYTES)) return;
  throw encodeError('ERR_GSM_FORMAT', `stream: expected bytes for ${count} decisions, received ${byteLength}`);
}
