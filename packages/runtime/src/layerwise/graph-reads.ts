import { capturesOf, type Node, type TypeTable, type Value } from '@gossamer/graph';
import { isShared } from '../session/ort-tensor.js';

/** What a node reads of its scope, in its subgraphs too. */
export function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap(capturesOf);
  return [...node.inputs, ...inner].filter((value): value is Value => value?.graph === node.graph);
}

export const outputsOf = (node: Node): Value[] => node.outputs.filter((value): value is Value => value !== undefined);

const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/** Which values of a main graph change with what is fed, and where they can be kept between two runs. */
export class DynamicValues {
  readonly #static = new Set<Node>();
  readonly #passing = new Set<Node>();

  constructor(nodes: Iterable<Node>, types: TypeTable) {
    for (const node of nodes) {
      if (!RANDOM.has(node.op) && readsOf(node).every((value) => this.isConstant(value))) this.#static.add(node);
      else if (outputsOf(node).some((value) => !canKeep(value, types))) this.#passing.add(node);
    }
  }

  /** True for an initializer, an input's default included, and what is computed from nothing else. */
  isConstant(value: Value): boolean {
    if (value.producer) return this.#static.has(value.producer);
    return value.initializer !== undefined || value.sparse !== undefined;
  }

  /** True for a node that runs wherever its outputs are read, again and again: it makes what cannot be kept (sequences, for one). */
  isPassing(node: Node): boolean {
    return this.#passing.has(node);
  }

  isStatic(node: Node): boolean {
    return this.#static.has(node);
  }

  /** What a node reads and what is fed decides. */
  dynamicReads(node: Node): Value[] {
    return readsOf(node).filter((value) => !this.isConstant(value));
  }
}

/** False for what is no tensor, and for elements that do not cross to ONNX Runtime. */
function canKeep(value: Value, types: TypeTable): boolean {
  const type = types.typeOf(value) ?? value.type;
  if (!type) return true;
  return type.kind === 'tensor' && (type.dtype === undefined || type.dtype === 'string' || isShared(type.dtype));
}
