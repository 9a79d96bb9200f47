import { GossamerError } from '@gossamer/graph';

/** Element types of affine codes. int4 and uint4 are packed: two a byte, the even element in the low half. */
export type QuantizedDtype = 'int8' | 'uint8' | 'int4' | 'uint4';

/** The array that holds codes of a type: `Int8Array` for int8, else `Uint8Array`. */
export type Codes<D extends QuantizedDtype> = D extends 'int8' ? Int8Array : Uint8Array;

export interface CodeType {
  readonly isSigned: boolean;
  readonly isPacked: boolean;
  readonly min: number;
  readonly max: number;
}

const TYPES: Readonly<Record<QuantizedDtype, CodeType>> = {
  int8: { isSigned: true, isPacked: false, min: -128, max: 127 },
  uint8: { isSigned: false, isPacked: false, min: 0, max: 255 },
  int4: { isSigned: true, isPacked: true, min: -8, max: 7 },
  uint4: { isSigned: false, isPacked: true, min: 0, max: 15 },
};

/** Facts about a type of codes. Throws ERR_BAD_OPTION for another word. */
export function codeType(dtype: QuantizedDtype): CodeType {
  if (Object.hasOwn(TYPES, dtype)) return TYPES[dtype];
  const expected = Object.keys(TYPES).join(', ');
  throw new GossamerError('ERR_BAD_OPTION', `dtype: expected one of ${expected}, received ${String(dtype)}`);
}

/** How many bytes `length` codes take. */
export function codeBytes(type: CodeType, length: number): number {
  return type.isPacked ? Math.ceil(length / 2) : length;
}

/** A zeroed array for `length` codes. */
export function allocateCodes<D extends QuantizedDtype>(dtype: D, length: number): Codes<D> {
  const bytes = codeBytes(codeType(dtype), length);
  return (dtype === 'int8' ? new Int8Array(bytes) : new Uint8Array(bytes)) as Codes<D>;
}
