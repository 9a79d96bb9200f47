import { dtypeFromCode } from '../../dtype.js';
import { symbol } from '../../ir/dim.js';
import { tensorType, type ValueType } from '../../ir/value-type.js';

/** A type as `packages/bench/peers/infer_shapes.py` writes it: element types by ONNX code (0 is unknown). */
export type TypeJson =
  | {
      readonly kind: 'tensor' | 'sparse-tensor';
      readonly dtype: number;
      readonly shape: readonly (number | string | null)[] | null;
    }
  | { readonly kind: 'sequence' | 'optional'; readonly element: TypeJson | null }
  | { readonly kind: 'map'; readonly key: number; readonly value: TypeJson | null }
  | { readonly kind: 'opaque' };

/** The type that the JSON describes. */
export function typeFromJson(json: TypeJson): ValueType {
  switch (json.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const shape = json.shape?.map((dim) => (typeof dim === 'string' ? symbol(dim) : (dim ?? undefined)));
      return { ...tensorType(dtypeFromCode(json.dtype), shape), kind: json.kind };
    }
    case 'sequence':
    case 'optional':
      return { kind: json.kind, element: json.element ? typeFromJson(json.element) : undefined };
    case 'map': {
      const value = json.value ? typeFromJson(json.value) : undefined;
      return { kind: 'map', key: dtypeFromCode(json.key), value };
    }
    case 'opaque':
      return json;
  }
}
