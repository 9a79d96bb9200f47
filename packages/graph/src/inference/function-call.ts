import { Attribute } from '../ir/attribute.js';
import { cloneGraph } from '../ir/clone.js';
import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';

/**
 * A copy of the function's body as this call sees it: attribute references take the values of the call's attributes, else the function's
 * defaults, else they are absent. So are references to graphs, whose captures belong to the scope of the call.
 */
export function specialise(definition: FunctionDefinition, call: Node): Graph {
  const body = cloneGraph(definition.body);
  for (const scope of body.scopes()) {
    for (const node of scope.nodes()) {
      for (const item of node.attributes.values()) {
        if (item.content.type !== 'reference') continue;
        const { refName } = item.content;
        const given = call.attributes.get(refName) ?? definition.defaults?.get(refName);
        const isValue = given && given.graphs().length === 0;
        scope.setAttribute(node, item.name, isValue ? new Attribute(item.name, given.content) : undefined);
      }
    }
  }
  return body;
}

/** Calls `visit` with every value of `graph` and the value of the same scope and name in `copy`. */
export function eachPair(graph: Graph, copy: Graph, visit: (value: Value, copy: Value) => void): void {
  const copies = [...copy.scopes()];
  [...graph.scopes()].forEach((scope, index) => {
    for (const value of scope.values()) {
      const twin = copies[index]?.value(value.name);
      if (twin) visit(value, twin);
    }
  });
}
