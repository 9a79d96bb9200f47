import type { Model } from '@gossamer/graph';
import { copyGraph } from '../emit/copy-graph.js';
import { removeDead } from '../emit/remove-dead.js';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import { findFunction } from './registry.js';

/** A copy of `model` in which registered functions are their bodies; those in `keep` (an engine has kernels for them) stay as they are. */
export function expandFunctions(model: Model, keep: ReadonlySet<string> = new Set()): Model {
  const { g, values } = copyGraph(model, (emitter, node, inputs) => {
    if (node.domain !== TRAIN_DOMAIN || keep.has(node.op)) return undefined;
    const definition = findFunction(node.op);
    if (!definition) throw new Error(`function ${node.op}: is not registered`);
    emitter.scope = `${node.name}/`;
    return definition.body(emitter, node, inputs);
  });
  for (const output of model.graph.outputs) g.output(values.get(output)!, output.name);
  removeDead(g.graph);
  return g.model;
}
