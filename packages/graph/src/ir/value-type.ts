import type { DType } from '../dtype.js';
import type { Dim } from './dim.js';

/** A tensor: dtype undefined = not known, shape undefined = rank not known. */
export interface TensorType {
  readonly kind: 'tensor' | 'sparse-tensor';
  readonly dtype: DType | undefined;
  readonly shape: readonly Dim[] | undefined;
}

/** A list of values of one type. */
export interface SequenceType {
  readonly kind: 'sequence';
  readonly element: ValueType | undefined;
}

/** A value that may be absent. */
export interface OptionalType {
  readonly kind: 'optional';
  readonly element: ValueType | undefined;
}

/** Keys with values of one type. */
export interface MapType {
  readonly kind: 'map';
  readonly key: DType | undefined;
  readonly value: ValueType | undefined;
}

/** A type this version does not model (TypeProto.Opaque, or a newer kind); carried through untouched. */
export interface OpaqueType {
  readonly kind: 'opaque';
}

/** What a graph value may hold (TypeProto). */
export type ValueType = TensorType | SequenceType | OptionalType | MapType | OpaqueType;

/** A dense tensor type. */
export function tensorType(dtype: DType | undefined, shape?: readonly Dim[]): TensorType {
  return { kind: 'tensor', dtype, shape };
}
