import type { DType } from '../dtype.js';
import type { Dim } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import type { ValueType } from '../ir/value-type.js';
import type { Data, ValueInfo } from './rule.js';
import type { Shape } from './dims.js';

/** What inference found about the values of a model, all scopes and function bodies included. Declared types stay in `Value.type`. */
export class TypeTable {
  constructor(
    private readonly lookup: (value: Value) => ValueInfo | undefined,
    /** Contradictions and unusable nodes, each naming its node or value. */
    readonly warnings: readonly string[],
    /** Values of symbols, given by `bind` or found by giving concrete `inputs`. */
    readonly bindings: Readonly<Record<string, number>>,
  ) {}

  /** The type; undefined when nothing is known. */
  typeOf(value: Value): ValueType | undefined {
    return this.lookup(value)?.type;
  }

  /** The shape of a tensor; undefined when its rank is not known (or it is no tensor). */
  shapeOf(value: Value): Shape | undefined {
    const type = this.typeOf(value);
    return type && 'shape' in type ? type.shape : undefined;
  }

  /** The shape when every dimension is a number. */
  staticShapeOf(value: Value): readonly number[] | undefined {
    const shape = this.shapeOf(value);
    return shape?.every((dim: Dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
  }

  /** The element type of a tensor. */
  dtypeOf(value: Value): DType | undefined {
    const type = this.typeOf(value);
    return type && 'dtype' in type ? type.dtype : undefined;
  }

  /** Contents of a small numeric tensor, row-major, as far as known: shapes travelling through Shape, Gather, Concat and others. */
  dataOf(value: Value): Data | undefined {
    return this.lookup(value)?.data;
  }
}
