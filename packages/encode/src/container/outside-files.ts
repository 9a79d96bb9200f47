import { encodeError } from '../error-codes.js';
import type { Payload } from './payload-of.js';

/** A file beside the model: which payloads lie in it, and what no payload covers. */
export interface OutsideFile {
  /** Path relative to the model's folder. */
  readonly location: string;
  readonly byteLength: number;
  /** Indices of payloads and where they begin. */
  readonly tensors: readonly { readonly index: number; readonly start: number; readonly byteLength: number }[];
  /** Ranges [start, end) that no payload covers, in order. */
  readonly gaps: readonly (readonly [number, number])[];
}

/** The locations that payloads name, each once, in their order. */
export function locationsOf(payloads: readonly Payload[]): readonly string[] {
  return [...new Set(payloads.flatMap(({ place }) => ('location' in place ? [place.location] : [])))];
}

/** Lays the payloads out in their file of `byteLength` bytes. Throws ERR_GSM_FORMAT for one that reaches past its end. */
export function outsideFile(location: string, byteLength: number, payloads: readonly Payload[]): OutsideFile {
  const tensors = payloads.flatMap((payload, index) => {
    const { place } = payload;
    if (!('location' in place) || place.location !== location) return [];
    return [{ index, start: place.offset, byteLength: payload.byteLength }];
  });
  const gaps: [number, number][] = [];
  let end = 0;
  for (const tensor of [...tensors].sort((a, b) => a.start - b.start)) {
    if (tensor.start > end) gaps.push([end, tensor.start]);
    end = Math.max(end, tensor.start + tensor.byteLength);
  }
  if (end > byteLength) {
    const where = `external data ${JSON.stringify(location.slice(0, 80))}`;
    throw encodeError(
      'ERR_GSM_FORMAT',
      `${where}: expected at least ${end} bytes for its tensors, received ${byteLength}`,
    );
  }
  if (end < byteLength) gaps.push([end, byteLength]);
  return { location, byteLength, tensors, gaps };
}

/** Index of the earlier payload at the very same place, for each; itself where it is the first. */
export function firstOfEqual(payloads: readonly Payload[]): readonly number[] {
  const seen = new Map<string, number>();
  return payloads.map(({ place, dtype, dims }, index) => {
    if (!('location' in place)) return index;
    const key = JSON.stringify([place.location, place.offset, dtype, dims]);
    const first = seen.get(key) ?? index;
    seen.set(key, first);
    return first;
  });
}
