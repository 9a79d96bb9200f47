import type { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import type { Value } from '../../ir/value.js';
import { tensorType } from '../../ir/value-type.js';

/** Adds an If whose condition is true; `build` fills each branch and returns its float32 output. */
export function addIf(g: GraphBuilder, build: (graph: Graph, name: string) => Value): Value {
  const result = g.op('If', [g.constant(1, 'bool')]);
  const node = result.producer!;
  for (const name of ['then_branch', 'else_branch']) {
    const graph = new Graph(name, { node, attribute: name, index: 0 });
    const output = build(graph, name);
    graph.setType(output, tensorType('float32'));
    graph.addOutput(output);
    g.graph.setAttribute(node, name, attribute.graph(graph));
  }
  return result;
}
