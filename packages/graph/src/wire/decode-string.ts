import { isUtf8 } from 'node:buffer';
import { wireError } from './error-codes.js';

/** Strings up to this many bytes are tried as ASCII first, which needs no view. */
const SHORT_BYTES = 64;

/** Decodes the UTF-8 in bytes [start, end). Throws ERR_BAD_UTF8; `what` names the field. */
export function decodeString(bytes: Buffer, start: number, end: number, what: string): string {
  if (end - start <= SHORT_BYTES && isAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString('utf8', start, end);
  throw wireError('ERR_BAD_UTF8', `${what}: expected UTF-8, received other bytes`);
}

/** Decodes the UTF-8 in bytes [start, end), malformed parts as U+FFFD. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end);
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
