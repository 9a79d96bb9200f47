import { tfjsError } from './error-codes.js';

/** An object of a parsed JSON document; read it with the functions below only. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What `value` is, for an error message; never its whole content. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return JSON.stringify(value).slice(0, 80);
}

/** Parses a document whose top level is an object; throws ERR_TFJS_MODEL. */
export function parseJsonObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw tfjsError('ERR_TFJS_MODEL', `${what}: expected JSON, received something else`, { cause });
  }
  return asObject(value, what);
}

/** The own property `key`; inherited ones (`constructor`, `__proto__`) do not exist. */
export function property(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected an object, received ${describe(value)}`);
}

export function asArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected a list, received ${describe(value)}`);
}

export function asString(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected a string, received ${describe(value)}`);
}

export function asNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected a finite number, received ${describe(value)}`);
}

/** An integer, also as the decimal string that protobuf's JSON form has for int64. */
export function asInteger(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected an integer, received ${describe(value)}`);
}

/** A list of integers >= 0. */
export function asDims(value: unknown, what: string): number[] {
  return asArray(value, what).map((dim, axis) => {
    const size = asInteger(dim, `${what}[${axis}]`);
    if (size >= 0) return size;
    throw tfjsError('ERR_TFJS_MODEL', `${what}[${axis}]: expected an integer >= 0, received ${size}`);
  });
}

/** Reads `object[key]` with `read`, or gives `fallback` where it is missing or null. */
export function optional<T, F>(
  object: JsonObject,
  key: string,
  read: (value: unknown, what: string) => T,
  fallback: F,
): T | F {
  const value = property(object, key);
  return value === undefined || value === null ? fallback : read(value, key);
}

export const asBoolean = (value: unknown, what: string): boolean => {
  if (typeof value === 'boolean') return value;
  throw tfjsError('ERR_TFJS_MODEL', `${what}: expected true or false, received ${describe(value)}`);
};
