import { Attribute } from '../ir/attribute.js';
import { cloneGraph } from '../ir/clone.js';
import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition } from '../ir/model.js';
import type { Node } from '../ir/node.js';

/** The body of a function with the attributes of one call in place of the references to them. */
export function instantiateBody(definition: FunctionDefinition, call: Node): Graph {
  const body = cloneGraph(definition.body);
  for (const scope of body.scopes()) for (const node of scope.nodes()) bindAttributes(node, call);
  return body;
}

function bindAttributes(node: Node, call: Node): void {
  for (const [name, attribute] of node.attributes) {
    const { content } = attribute;
    if (content.type !== 'reference') continue;
    const given = call.attributes.get(content.refName);
    // Without one the operator's own default applies.
    node.graph.setAttribute(node, name, given && new Attribute(name, given.content));
  }
}
