import { attribute } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { Position } from '../ir/node-spec.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';

/** A scope under rewriting. */
export class PassScope {
  constructor(
    readonly graph: Graph,
    /** Domain -> version for its nodes. */
    readonly opsets: ReadonlyMap<string, number>,
    /** False in a function body, which has no initializers, and before IR version 4, where each must be an input. */
    readonly allowsInitializers: boolean,
  ) {}

  /** Version of the standard operator set. */
  get opset(): number {
    return this.opsets.get('') ?? 1;
  }

  /** Constant data as a new value: an initializer where the scope may have one, else a Constant node at `position`. */
  addConstant(name: string, tensor: Tensor, position: Position): Value {
    if (this.allowsInitializers) return this.graph.addInitializer(name, tensor);
    return this.graph.add(
      { op: 'Constant', inputs: [], outputs: [name], attributes: { value: attribute.tensor(tensor) } },
      position,
    ).output;
  }
}
