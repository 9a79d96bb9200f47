import { wireError } from './error-codes.js';
import { StringStringEntryProto, TensorProto } from './onnx-schema.js';
import type { WireMessage } from './wire-message.js';

/** TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;
const KEYS: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum', 'basepath']);

/** Where a TensorProto says its bytes are. */
export interface ExternalReference {
  /** Path relative to the model's directory, as written; not yet checked against the file system. */
  readonly location: string;
  /** First byte in the file; default 0. */
  readonly offset: number;
  /** Bytes, when the model states them. */
  readonly length: number | undefined;
  /** SHA-1 of the whole data file in lower-case hex, when the model states it. */
  readonly checksum: string | undefined;
  /** Kept for the record, never used to find the file. */
  readonly basepath: string | undefined;
}

/** True when the tensor's bytes are in another file. */
export function isExternal(tensor: WireMessage): boolean {
  return tensor.safeInt(TensorProto.no.data_location) === EXTERNAL;
}

/**
 * Reads the external_data entries of a TensorProto.
 *
 * Keys are the five of the standard, each at most once; numbers are canonical decimals from 0 to 2^53 - 1. Throws ERR_EXTERNAL_DATA.
 */
export function readExternalReference(tensor: WireMessage): ExternalReference {
  const entries = new Map<string, string>();
  for (const entry of tensor.messages(TensorProto.no.external_data)) {
    const key = entry.string(StringStringEntryProto.no.key) ?? '';
    if (!KEYS.has(key)) {
      throw wireError(
        'ERR_EXTERNAL_DATA',
        `external_data: expected one of ${[...KEYS].join(', ')}, received ${quote(key)}`,
      );
    }
    if (entries.has(key))
      throw wireError('ERR_EXTERNAL_DATA', `external_data: expected ${key} once, received it twice`);
    entries.set(key, entry.string(StringStringEntryProto.no.value) ?? '');
  }
  const location = entries.get('location');
  if (location === undefined) throw wireError('ERR_EXTERNAL_DATA', 'external_data: expected a location, received none');
  return {
    location,
    offset: decimal('offset', entries.get('offset')) ?? 0,
    length: decimal('length', entries.get('length')),
    checksum: sha1('checksum', entries.get('checksum')),
    basepath: entries.get('basepath'),
  };
}

function decimal(key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw wireError(
    'ERR_EXTERNAL_DATA',
    `external_data ${key}: expected a decimal from 0 to 2^53 - 1, received ${quote(text)}`,
  );
}

function sha1(key: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase();
  throw wireError('ERR_EXTERNAL_DATA', `external_data ${key}: expected 40 hexadecimal digits, received ${quote(text)}`);
}

/** Text from a file for an error message: escaped, at most 80 characters. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
