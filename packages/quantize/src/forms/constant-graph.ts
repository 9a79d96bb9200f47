import { attribute, type AttributeValue, type Graph, type Node, Tensor, type Value } from '@gossamer/graph';
import { freshNodeName } from '../node-name.js';

/** ONNX codes of element types, for Cast. */
const TYPE_CODES = { float32: 1, int32: 6 } as const;

/**
 * Writes nodes in front of `reader` whose results depend on constants alone: ONNX Runtime runs them once, when it opens the model. Constants go where the weight was
 * stored, maybe an enclosing scope; `bytes` counts them.
 */
export class ConstantGraph {
  bytes = 0;

  constructor(
    private readonly storage: Graph,
    private readonly reader: Node,
    private readonly name: string,
  ) {}

  constant(suffix: string, tensor: Tensor): Value {
    this.bytes += tensor.byteLength;
    return this.storage.addInitializer(`${this.name}_${suffix}`, tensor);
  }

  integers(suffix: string, values: readonly number[]): Value {
    return this.constant(suffix, Tensor.fromNumbers('int64', [values.length], values));
  }

  node(op: string, inputs: Value[], attributes: Record<string, AttributeValue> = {}): Value {
    const { graph } = this.reader;
    const name = freshNodeName(graph, `${this.name}_${op}`);
    return graph.add({ op, name, inputs, outputs: [`${name}_result`], attributes }, { before: this.reader }).output;
  }

  cast(value: Value, to: keyof typeof TYPE_CODES): Value {
    return this.node('Cast', [value], { to: attribute.int(TYPE_CODES[to]) });
  }

  reshape(value: Value, dims: readonly number[]): Value {
    return this.node('Reshape', [value, this.integers('shape', dims)]);
  }
}
