import {
  type DType,
  type Graph,
  type Model,
  type Node,
  type TensorType,
  tensorType,
  type TypeTable,
  type Value,
} from '@gossamer/graph';
import { PassContext } from '@gossamer/graph/passes';
import type { Int8WeightLayout } from '@gossamer/kernels';

/** What the engine of this build can do. */
export interface Capabilities {
  /** Types of operators it has. */
  readonly operators: ReadonlySet<string>;
  /** What an int8 layer would cost, with its channels in `order`; undefined: not known, channels stay in their order. */
  readonly predictInt8?: (w: Int8Array, layout: Int8WeightLayout, order?: Int32Array) => number;
}

/** How sums of integer layers become codes: multiplied in float32, as ONNX Runtime does, or in integers alone. */
export type Requantization = 'float' | 'fixed-point';

/** The domain of the engine's own operators (docs/engine.md). */
export const GOSSAMER = 'gossamer';

/** The domain of operators that training graphs have beside the standard's. */
export const GOSSAMER_TRAIN = 'gossamer.train';

type Shape = NonNullable<TensorType['shape']>;

/**
 * A model on its way to a program: its main graph, and the types of all values. Types are inferred once, from the inputs alone; passes say
 * what they know about values they make, since nothing infers through the engine's own operators.
 */
export class Compilation {
  readonly graph: Graph;
  /** What passes did to a node, beside what its operator says of itself. */
  readonly remarks = new Map<Node, string>();
  readonly #types = new Map<Value, TensorType>();

  constructor(
    readonly model: Model,
    readonly capabilities: Capabilities,
    types: TypeTable = new PassContext(model).types,
    readonly requantize: Requantization = 'float',
  ) {
    this.graph = model.graph;
    for (const value of model.graph.values()) {
      const type = value.initializer
        ? tensorType(value.initializer.dtype, value.initializer.dims)
        : types.typeOf(value);
      if (type?.kind === 'tensor') this.#types.set(value, type);
    }
    if (!model.opsets.has(GOSSAMER)) model.opsets.set(GOSSAMER, 1);
  }

  /** True when the engine has operators of all these types. */
  has(...types: readonly string[]): boolean {
    return types.every((type) => this.capabilities.operators.has(type));
  }

  typeOf(value: Value): TensorType | undefined {
    return value.initializer ? tensorType(value.initializer.dtype, value.initializer.dims) : this.#types.get(value);
  }

  dtypeOf(value: Value | undefined): DType | undefined {
    return value && this.typeOf(value)?.dtype;
  }

  /** The shape; undefined when the rank is not known. */
  shapeOf(value: Value | undefined): Shape | undefined {
    return value && this.typeOf(value)?.shape;
  }

  rankOf(value: Value | undefined): number | undefined {
    return this.shapeOf(value)?.length;
  }

  /** Says what a value made by a pass is. */
  setType(value: Value, dtype: DType | undefined, shape: Shape | undefined): void {
    this.#types.set(value, tensorType(dtype, shape));
  }
}
