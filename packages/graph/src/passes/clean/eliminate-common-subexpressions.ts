import type { Attribute } from '../../ir/attribute.js';
import type { Graph } from '../../ir/graph.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { isDeterministic } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/** Kept apart: equal constants merge at the final write, and the runtime fuses a DequantizeLinear into its one reader. */
const KEPT: ReadonlySet<string> = new Set(['Constant', 'DequantizeLinear']);

/**
 * Merges nodes that compute the same: same standard operator, inputs and attributes, in one scope or in an enclosing one. Left alone:
 * random operators, nodes with subgraphs, DequantizeLinear, and nodes that make an output of the graph.
 */
export const eliminateCommonSubexpressions = definePass({
  name: 'eliminate-common-subexpressions',
  exactness: 'exact',

  run(model, context) {
    const merger = new Merger(context);
    let changes = merger.merge(model.graph, undefined);
    for (const { body } of model.functions) changes += merger.merge(body, undefined);
    return { changes };
  },
});

/** Nodes seen in a scope, by what they compute; those of the scopes around it are seen too. */
interface Seen {
  readonly nodes: Map<string, Node>;
  readonly outer: Seen | undefined;
}

class Merger {
  readonly #ids = new Map<Value, number>();

  constructor(private readonly context: PassContext) {}

  merge(graph: Graph, outer: Seen | undefined): number {
    const seen: Seen = { nodes: new Map(), outer };
    let changes = 0;
    for (const node of graph.nodes()) {
      for (const subgraph of node.subgraphs()) changes += this.merge(subgraph, seen);
      const key = this.#keyOf(node);
      if (key === undefined) continue;
      const first = find(seen, key);
      if (first && replaceBy(first, node)) changes++;
      else if (!first) seen.nodes.set(key, node);
    }
    return changes;
  }

  /** What the node computes, spelled out; undefined for one that must not be merged. */
  #keyOf(node: Node): string | undefined {
    if (!isDeterministic(node) || KEPT.has(node.op) || node.subgraphs().length > 0) return undefined;
    if (this.context.isCall(node)) return undefined;
    const attributes: string[] = [];
    for (const item of node.attributes.values()) {
      const spelled = spell(item);
      if (spelled === undefined) return undefined;
      attributes.push(spelled);
    }
    const inputs = node.inputs.map((value) => (value ? this.#idOf(value) : ''));
    // Some operators do what their number of outputs says: Split into equal parts, BatchNormalization that trains.
    return `${node.op}:${node.outputs.length}(${inputs.join(',')})${attributes.sort().join(',')}`;
  }

  #idOf(value: Value): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    this.#ids.set(value, this.#ids.size);
    return this.#ids.size - 1;
  }
}

function find(seen: Seen | undefined, key: string): Node | undefined {
  for (let scope = seen; scope; scope = scope.outer) {
    const node = scope.nodes.get(key);
    if (node) return node;
  }
  return undefined;
}

/** `name:type:content`, equal exactly for equal attributes; undefined for contents that are not modelled. */
function spell({ name, content }: Attribute): string | undefined {
  const start = `${JSON.stringify(name)}:${content.type}:`;
  switch (content.type) {
    case 'int':
    case 'float':
      return start + spellNumber(content.value);
    case 'ints':
    case 'floats':
      return start + content.value.map(spellNumber).join(' ');
    case 'string':
      return start + Buffer.from(content.value).toString('hex');
    case 'strings':
      return start + content.value.map((bytes) => Buffer.from(bytes).toString('hex')).join(' ');
    case 'tensor':
      return start + content.value.hash();
    case 'tensors':
      return start + content.value.map((tensor) => tensor.hash()).join(' ');
    case 'reference':
      return start + content.refName;
    default:
      return undefined;
  }
}

const spellNumber = (value: number | bigint): string => (Object.is(value, -0) ? '-0' : String(value));

/** Makes the readers of `node` read the results of `first`; false where a result is an output, or `first` does not make it. */
function replaceBy(first: Node, node: Node): boolean {
  const isReplaceable = node.outputs.every((value, slot) => !value || (!value.isOutput && first.outputs[slot]));
  if (!isReplaceable) return false;
  node.outputs.forEach((value, slot) => value && node.graph.replaceUses(value, first.outputs[slot]!));
  node.graph.remove(node);
  return true;
}
