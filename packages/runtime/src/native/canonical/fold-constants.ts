import { isGossamerError, type Node, type Tensor } from '@gossamer/graph';
import { canEvaluate, evaluateNode } from '@gossamer/graph/eval';
import type { Compilation } from '../compilation.js';
import { transposedTensor } from '../edit/transposed-tensor.js';

/** Results are kept in memory: no larger ones. */
const MAX_ELEMENTS = 1 << 27;

const NEVER: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/**
 * Nodes over constants become their results, whatever that adds to the size of a file: none is written. DequantizeLinear only with
 * `dequantize`: the passes for integers want to see it first.
 */
export function foldConstants(compilation: Compilation, { dequantize }: { readonly dequantize: boolean }): void {
  for (const node of compilation.graph.nodes()) {
    if (node.op === 'DequantizeLinear' && !dequantize) continue;
    if (!isFoldable(node)) continue;
    const inputs = node.inputs.map((value) => value?.constant);
    const results = resultsOf(node, inputs, compilation);
    if (results) replaceByConstants(node, results, compilation);
  }
}

/** Undefined where the evaluator refuses: then the engine, or what runs the node instead, has to say so. */
function resultsOf(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  { model }: Compilation,
): readonly (Tensor | undefined)[] | undefined {
  if (node.op === 'Transpose' && node.has('perm')) return [transposedTensor(inputs[0]!, node.ints('perm', []))];
  try {
    return evaluateNode(node, inputs, { opsets: model.opsets, elements: MAX_ELEMENTS * 8 });
  } catch (error) {
    if (isGossamerError(error)) return undefined;
    throw error;
  }
}

function isFoldable(node: Node): boolean {
  if (node.domain !== '' || NEVER.has(node.op) || node.inputs.length === 0 || node.subgraphs().length > 0) return false;
  if (node.outputs.some((value) => value?.isOutput)) return false;
  if (!node.inputs.every((value) => !value || (value.constant && value.constant.dtype !== 'string'))) return false;
  return canEvaluate(node) && sizeOf(node) <= MAX_ELEMENTS;
}

/** Operators that make more than they read are bounded by the evaluator's budget. */
const sizeOf = (node: Node) => node.inputs.reduce((sum, value) => sum + (value?.constant?.length ?? 0), 0);

function replaceByConstants(node: Node, results: readonly (Tensor | undefined)[], { graph }: Compilation): void {
  node.outputs.forEach((value, i) => {
    const tensor = results[i];
    if (value && tensor) graph.replaceUses(value, graph.addInitializer(`${value.name}_folded`, tensor));
  });
  if (node.outputs.every((value) => !value || value.uses.length === 0)) graph.remove(node);
}
