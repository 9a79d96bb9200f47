import { type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';

/** Names of nodes that are new, each unlike every other of its graph: ONNX Runtime refuses two of one name. */
export function freshNodeName(node: Node, suffix: string): string {
  const base = `${node.name !== '' ? node.name : (node.outputs.find((value) => value)?.name ?? node.op)}_${suffix}`;
  const taken = new Set(Array.from(node.graph.nodes(), ({ name }) => name));
  let name = base;
  for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
  return name;
}

/** Stores a factor beside the weight of `view`, in its element type; one for all layers that share it. */
export class FactorStore {
  readonly #values = new Map<string, Value>();

  constructor(private readonly view: WeightView) {}

  /** `key`: what the factor is to be called after the weight. */
  value(key: string, dims: readonly number[], data: () => Float64Array): Value {
    const known = this.#values.get(key);
    if (known) return known;
    const { source, stored } = this.view;
    const tensor = Tensor.fromNumbers(stored.dtype, dims, data());
    const value = source.graph.addInitializer(`${source.name}_${key}`, tensor);
    this.#values.set(key, value);
    return value;
  }

  /** As `value`, stored as the elements that are not 0. */
  sparse(key: string, dims: readonly [number, number], data: () => Float64Array): Value {
    const known = this.#values.get(key);
    if (known) return known;
    const { source, stored } = this.view;
    const { graph } = source;
    const elements = data();
    const places = Array.from(elements.keys()).filter((at) => elements[at] !== 0);
    const value = graph.declare(graph.uniqueName(`${source.name}_${key}`));
    graph.setInitializer(value, {
      dims,
      values: Tensor.fromNumbers(
        stored.dtype,
        [places.length],
        places.map((at) => elements[at]!),
      ),
      indices: Tensor.fromNumbers('int64', [places.length], places),
    });
    this.#values.set(key, value);
    return value;
  }
}
