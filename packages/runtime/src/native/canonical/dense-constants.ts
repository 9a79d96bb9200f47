import { attribute, type Graph, type Model, type Node } from '@gossamer/graph';
import { Budget, denseTensor, evaluateNode } from '@gossamer/graph/eval';

/** A few bytes may stand for any number of zeros: all sparse constants of a model have at most this many elements. */
const MAX_ELEMENTS = 2 ** 30;

/**
 * Sparse initializers and Constant nodes of sparse tensors become dense ones, in the main graph and its bodies: the layers that read them
 * choose their format from the zeros themselves. A model without any is given back as it is, else a clone is changed. Throws
 * ERR_EVAL_VALUE for an index outside, ERR_EVAL_SHAPE for indices of another shape, ERR_EVAL_BUDGET for more than 2^30 elements.
 */
export function denseConstants(model: Model): Model {
  if (![...model.graph.scopes()].some(hasSparse)) return model;
  const dense = model.clone();
  const budget = new Budget(MAX_ELEMENTS);
  for (const graph of dense.graph.scopes()) {
    for (const value of [...graph.initializers()]) {
      if (value.sparse) graph.setInitializer(value, denseTensor(value.sparse, value.name, budget));
    }
    for (const node of [...graph.nodes()]) if (isSparseConstant(node)) storeDense(node);
  }
  return dense;
}

const hasSparse = (graph: Graph): boolean =>
  [...graph.initializers()].some(({ sparse }) => sparse !== undefined) || [...graph.nodes()].some(isSparseConstant);

const isSparseConstant = (node: Node) => node.isStandard('Constant') && node.has('sparse_value');

/** It stays a Constant: passes know what to make of those. */
function storeDense(node: Node): void {
  const [tensor] = evaluateNode(node, [], { elements: MAX_ELEMENTS });
  node.graph.setAttribute(node, 'sparse_value', undefined);
  node.graph.setAttribute(node, 'value', attribute.tensor(tensor!));
}
