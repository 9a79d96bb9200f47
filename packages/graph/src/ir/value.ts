import type { WireMessage } from '../wire/wire-message.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { Tensor } from './tensor.js';
import type { ValueType } from './value-type.js';

/** One use of a value: slot `index` of `node`'s inputs. The node may lie in a subgraph (a capture). */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/** A sparse initializer (SparseTensorProto). */
export interface SparseTensor {
  readonly dims: readonly number[];
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * A value of a graph: an input, an initializer, or a node's output. Identity is the object, that is (scope, name); sibling
 * branches may reuse names. Fields are changed by the graph's edit methods only.
 */
export class Value {
  /** Every slot that reads this value, over all scopes. */
  readonly uses: readonly Use[] = [];
  /** The node that makes it; undefined for inputs and initializers. */
  readonly producer: Node | undefined = undefined;
  /** Data of an initializer. Constant only when the value is not also an input: see `constant`. */
  readonly initializer: Tensor | undefined = undefined;
  readonly sparse: SparseTensor | undefined = undefined;
  readonly isInput: boolean = false;
  /** How often it stands in the graph's outputs (an output may be listed twice). */
  readonly outputCount: number = 0;
  /** Wire bytes this value was read from, by role; written back while nothing about that role changed. */
  readonly origins: {
    info?: WireMessage;
    /** The type that `info` declares: an edit of the type is seen by it. */
    infoType?: ValueType | undefined;
    initializer?: WireMessage;
    /** The name it had before it was renamed. */
    name?: string;
  } = {};

  constructor(
    readonly graph: Graph,
    readonly name: string,
    /** The type the file declares (inputs, outputs, value_info); inference keeps its own table. */
    readonly type: ValueType | undefined,
  ) {}

  /** True when it is an output of its graph, or of a body that captures it. */
  get isOutput(): boolean {
    return this.outputCount > 0;
  }

  /**
   * The tensor this value always holds: an initializer that is not also an input, or the output of a Constant node. Undefined for
   * everything else (a Constant of strings given as attributes included: passes turn those into initializers).
   */
  get constant(): Tensor | undefined {
    if (this.initializer) return this.isInput ? undefined : this.initializer;
    return this.producer?.isStandard('Constant') ? this.producer.constantTensor() : undefined;
  }

  toString(): string {
    return this.name;
  }
}
