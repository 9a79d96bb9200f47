import { GossamerError } from '@gossamer/graph';

interface TypedArrays {
  Int8Array: Int8Array;
  Uint8Array: Uint8Array;
  Uint16Array: Uint16Array;
  Int32Array: Int32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
}

const typeTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get;

/** The built-in type of a typed array of any realm, not fooled by proxies or properties; undefined for anything else. */
export function typedArrayType(value: unknown): string | undefined {
  return typeTag?.call(value) as string | undefined;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typedArrayType(value) ?? (typeof value === 'object' ? 'an object' : `a ${typeof value}`);
}

/** Throws ERR_WRONG_TYPE unless `value` is a typed array of one of `types`. */
export function requireArray<Type extends keyof TypedArrays>(
  name: string,
  value: unknown,
  ...types: readonly Type[]
): asserts value is TypedArrays[Type] {
  if ((types as readonly (string | undefined)[]).includes(typedArrayType(value))) return;
  throw new GossamerError('ERR_WRONG_TYPE', `${name}: expected ${types.join(' or ')}, received ${describe(value)}`);
}

/** Throws ERR_WRONG_LENGTH unless the array has `expected` elements. */
export function requireLength(name: string, array: { readonly length: number }, expected: number): void {
  if (array.length === expected) return;
  throw new GossamerError('ERR_WRONG_LENGTH', `${name}: expected ${expected} elements, received ${array.length}`);
}

/** Throws ERR_BAD_OPTION unless `value` is an integer in [min, max]. */
export function requireInteger(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer in [${min}, ${max}]`;
  throw new GossamerError('ERR_BAD_OPTION', `${name}: expected ${range}, received ${String(value)}`);
}
