import { type Model, type Node, storeConstant, type Value, type WeightView, weightsOf } from '@gossamer/graph';

/** A weight of a layer: the input slot of a node that it stands in. */
interface Slot {
  readonly node: Node;
  readonly inputIndex: number;
}

/**
 * A copy of a model whose layers take new weights, one after the other; the model itself stays. Readers of one stored tensor among the
 * `layers` take the same new weight, each as it sees it; other readers keep the old one.
 */
export class WorkingWeights {
  readonly model: Model;
  readonly #twins: ReadonlyMap<Node, Node>;
  readonly #readers = new Map<Value, Slot[]>();
  /** What nodes of the copy read before a weight of theirs was replaced, by slot. */
  readonly #before = new Map<Node, Map<number, Value>>();

  constructor(model: Model, layers: Iterable<Node>) {
    this.model = model.clone();
    this.#twins = pairNodes(model, this.model);
    for (const node of layers) {
      for (const { source, inputIndex } of weightsOf(node)) {
        const slots = this.#readers.get(source) ?? [];
        this.#readers.set(source, [...slots, { node, inputIndex }]);
      }
    }
  }

  /** Layers that share the stored tensor of a weight, its own among them. */
  readersOf(source: Value): readonly Node[] {
    return this.#readers.get(source)?.map(({ node }) => node) ?? [];
  }

  /** True when a weight of `node` was replaced. */
  isReplaced(node: Node): boolean {
    return this.#before.has(this.#twins.get(node)!);
  }

  /** Gives the weight of `view` and its ties new values, row-major in the view's shape, rounded as they are stored; not copied where it can be kept. Throws as `WeightView.write`. */
  replace(view: WeightView, data: Float32Array): void {
    const readers = this.#readers.get(view.source)!;
    for (const slot of readers) this.#restore(slot);
    const seen = this.#seenBy(readers, this.#twinView(view), data);
    readers.forEach((slot, i) => {
      const reader = this.#twinView(slot);
      const before = this.#before.get(reader.node) ?? new Map<number, Value>();
      this.#before.set(reader.node, before.set(slot.inputIndex, reader.node.input(slot.inputIndex)!));
      reader.write(seen[i]!, 'clone-for');
    });
  }

  /** Frees the new weights of a node that does not run again. */
  release(node: Node): void {
    const indices = this.#before.get(this.#twins.get(node)!)?.keys() ?? [];
    for (const inputIndex of [...indices]) this.#restore({ node, inputIndex });
  }

  /** What each of the readers sees when `data` is stored as `twin` has it. */
  #seenBy(readers: readonly Slot[], twin: WeightView, data: Float32Array): readonly Float32Array[] {
    const { source } = twin;
    const stored = source.constant!;
    const isPlain = twin.chain.length === 0 && stored.dtype === 'float32';
    if (isPlain && readers.length === 1 && data.length === stored.length) return [data];
    twin.write(data);
    const seen = readers.map((slot) => this.#twinView(slot).toFloat32());
    storeConstant(source, stored);
    return seen;
  }

  #restore({ node, inputIndex }: Slot): void {
    const twin = this.#twins.get(node)!;
    const before = this.#before.get(twin);
    const value = before?.get(inputIndex);
    if (!value) return;
    before!.delete(inputIndex);
    if (before!.size === 0) this.#before.delete(twin);
    const own = twin.input(inputIndex)!;
    const { graph } = twin;
    graph.setInput(twin, inputIndex, value);
    if (own.producer) graph.remove(own.producer);
    else graph.removeValue(own);
  }

  #twinView({ node, inputIndex }: Slot): WeightView {
    return weightsOf(this.#twins.get(node)!).find((found) => found.inputIndex === inputIndex)!;
  }
}

/** Each node of all scopes, with its copy. */
export function pairNodes(model: Model, copy: Model): Map<Node, Node> {
  const pairs = new Map<Node, Node>();
  const scopes = [...copy.scopes()];
  [...model.scopes()].forEach((scope, i) => {
    const nodes = [...scopes[i]!.nodes()];
    [...scope.nodes()].forEach((node, at) => pairs.set(node, nodes[at]!));
  });
  return pairs;
}
