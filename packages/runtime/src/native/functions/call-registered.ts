import { type Compilation, GOSSAMER } from '../compilation.js';
import { registeredFunction } from './registered-functions.js';

/** Calls of registered functions become the engine's operators. */
export function callRegistered(compilation: Compilation): void {
  const { graph, model } = compilation;
  for (const node of graph.nodes()) {
    const definition = model.function(node.domain, node.op, node.overload);
    const registered = definition && registeredFunction(definition);
    if (!registered) continue;
    for (const name of [...node.attributes.keys()]) graph.setAttribute(node, name, undefined);
    graph.retarget(node, { op: registered.operator, domain: GOSSAMER });
    for (const [name, content] of Object.entries(registered.attributes)) graph.setAttribute(node, name, content);
  }
}
