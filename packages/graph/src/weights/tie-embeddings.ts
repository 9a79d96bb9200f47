import { attribute } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { tiedWeights } from './tied-weights.js';
import { weightViews, type WeightView } from './weight-view.js';

/** A copy that is stored no more. */
export interface TiedCopy {
  /** Id of the product that read it. */
  readonly layer: string;
  readonly copy: string;
  /** The embedding table it reads now. */
  readonly table: string;
  readonly bytes: number;
}

/**
 * Makes products read the embedding table they have a copy of, equal or transposed (then through a Transpose, which ONNX Runtime computes
 * once, when it opens the model). Changes `model`; returns what became of each copy. Outputs stay the same to the bit.
 *
 * Hashes tables, and the weights of products that have their shape. Source: optimum-onnx, optimum/onnx/transformations_utils.py,
 * _deduplicate_gather_matmul.
 */
export function tieEmbeddings(model: Model): TiedCopy[] {
  const views = weightViews(model).filter(isPlainMatrix);
  const sizes = new Set(views.filter(isTable).map(sizeOf));
  const done: TiedCopy[] = [];
  for (const group of tiedWeights(views.filter((view) => sizes.has(sizeOf(view))))) {
    const table = group.find(isTable)?.source;
    if (!table) continue;
    for (const view of group) {
      const { source, stored } = view;
      if (source === table || view.role === 'embedding' || !isVisible(table, view.node.graph)) continue;
      if (stored.dtype !== table.constant!.dtype) continue;
      done.push({ layer: view.layerId, copy: source.name, table: table.name, bytes: readTable(view, table) });
    }
  }
  return done;
}

/** A matrix that its node reads as it is stored. */
function isPlainMatrix({ stored, chain, source, isQuantized }: WeightView): boolean {
  return stored.dims.length === 2 && chain.length === 0 && !isQuantized && source.producer === undefined;
}

const isTable = ({ role, node }: WeightView): boolean => role === 'embedding' && node.int('axis', 0) === 0;

/** The same for a matrix and its transpose. */
const sizeOf = ({ stored }: WeightView): string => [...stored.dims].sort((a, b) => a - b).join('x');

function isVisible(value: Value, from: Graph): boolean {
  for (let scope: Graph | undefined = from; scope; scope = scope.owner?.node.graph)
    if (scope === value.graph) return true;
  return false;
}

/** Returns the bytes that are stored no more. */
function readTable({ node, inputIndex, stored, source, outAxis, inAxis }: WeightView, table: Value): number {
  const { graph } = node;
  // tiedWeights compares with output features first, which the rows of a table are.
  const value = outAxis < inAxis ? table : transposed(graph, table, node);
  graph.setInput(node, inputIndex, value);
  if (source.uses.length > 0 || source.isOutput || source.isInput) return 0;
  source.graph.removeValue(source);
  return stored.byteLength;
}

function transposed(graph: Graph, table: Value, before: WeightView['node']): Value {
  const attributes = { perm: attribute.ints([1, 0]) };
  const spec = { op: 'Transpose', inputs: [table], outputs: [`${table.name}_transposed`], attributes };
  return graph.add(spec, { before }).output;
}
