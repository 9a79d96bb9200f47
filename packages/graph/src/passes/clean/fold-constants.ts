import { canEvaluate, evaluateNode } from '../../eval/evaluate.js';
import { dtypeByteLength, isInteger } from '../../dtype.js';
import { isGossamerError } from '../../errors.js';
import type { TypeTable } from '../../inference/type-table.js';
import type { Node } from '../../ir/node.js';
import { elementCount, Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { isReadTwoWays } from '../ambiguity.js';
import { isDeterministic, isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';

/** A fold may make the file larger by this much: a shape, a small table. */
const MAX_GROWTH = 1024;

/** Elements written plus multiply-adds that one fold may take; more is seconds of work for a node the runtime folds itself. */
const MAX_WORK = 1e9;

/** Never folded: the codes are what makes a quantized file small, and what the runtime looks for. */
const KEPT: ReadonlySet<string> = new Set(['Constant', 'DequantizeLinear']);

/**
 * Replaces nodes by what they compute: those with constant inputs, by the reference evaluator; and integer nodes whose contents inference
 * knows whatever the inputs (Shape of a fixed size and what follows from it).
 *
 * Left alone: DequantizeLinear, random operators, control flow, outputs of the graph, what would make the file over 1 KB larger than the
 * constants it frees, and what the standard leaves open (see isReadTwoWays).
 *
 * Bound: moves, integers, comparisons, casts and single additions, subtractions, products, quotients and roots are bitwise what the
 * runtime computes (the double result rounded once: 53 >= 2·24 + 2 bits). Any other operator is stored as its float64 result rounded
 * once, at most half a unit in the last place from the true value, so it differs from the runtime's result by that and the runtime's own error.
 */
export const foldConstants = definePass({
  name: 'fold-constants',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) if (isFoldable(node, context) && fold(node, scope, context)) changes++;
    }
    return { changes };
  },
});

function isFoldable(node: Node, context: PassContext): boolean {
  if (!isDeterministic(node) || KEPT.has(node.op) || isParametric(node) || context.isCall(node)) return false;
  if (node.subgraphs().length > 0 || isReadTwoWays(node)) return false;
  const outputs = present(node);
  if (outputs.some((value) => (context.types.typeOf(value) ?? TENSOR).kind !== 'tensor')) return false;
  return (
    outputs.length > 0 && outputs.every((value) => !value.isOutput) && outputs.some((value) => value.uses.length > 0)
  );
}

const TENSOR = { kind: 'tensor' };

const present = (node: Node): Value[] => node.outputs.filter((value): value is Value => value !== undefined);

function fold(node: Node, scope: PassScope, context: PassContext): boolean {
  const results = knownIntegers(node, context.types) ?? evaluated(node, scope, context);
  if (!results || growth(node, results) > MAX_GROWTH) return false;
  replace(node, results, scope);
  return true;
}

/** The outputs from inference, when all are integers or truth values known in full. */
function knownIntegers(node: Node, types: TypeTable): Map<Value, Tensor> | undefined {
  const results = new Map<Value, Tensor>();
  for (const value of present(node)) {
    const dtype = types.dtypeOf(value);
    const dims = types.staticShapeOf(value);
    const data = types.dataOf(value);
    if (!dims || !data || !dtype || !(isInteger(dtype) || dtype === 'bool')) return undefined;
    // Larger integers may be bounds: inference clamps.
    if (!data.every((item): item is number => typeof item === 'number' && Math.abs(item) < Number.MAX_SAFE_INTEGER)) {
      return undefined;
    }
    results.set(value, Tensor.fromNumbers(dtype, dims, data));
  }
  return results;
}

/** The outputs by evaluation, when all inputs are constant; a node that cannot be evaluated is a warning. */
function evaluated(node: Node, scope: PassScope, context: PassContext): Map<Value, Tensor> | undefined {
  const inputs = node.inputs.map((value) => value?.constant);
  const isConstant = node.inputs.every((value, index) => !value || inputs[index]);
  if (!isConstant || !canEvaluate(node) || mustGrow(node, context.types)) return undefined;
  try {
    const results = evaluateNode(node, inputs, { opsets: scope.opsets, elements: MAX_WORK });
    const entries = node.outputs.map((value, index) => [value, results[index]] as const);
    const found = entries.filter((entry): entry is readonly [Value, Tensor] => Boolean(entry[0] && entry[1]));
    return found.length === present(node).length ? new Map(found) : undefined;
  } catch (error) {
    if (!isGossamerError(error)) throw error;
    context.warn(`${node.id}: not folded: ${error.message}`);
    return undefined;
  }
}

/** Bytes the file gains: new data less the constants that nobody else reads. */
function growth(node: Node, results: ReadonlyMap<Value, Tensor>): number {
  let bytes = -freedBytes(node);
  for (const tensor of results.values()) bytes += tensor.byteLength;
  return bytes;
}

function freedBytes(node: Node): number {
  let bytes = 0;
  for (const value of new Set(node.inputs)) {
    const isFreed = value?.uses.every((use) => use.node === node) === true && !value.isOutput;
    if (isFreed) bytes += value.constant?.byteLength ?? 0;
  }
  return bytes;
}

/** True when the inferred sizes of the outputs already say that folding would be refused: spares the evaluation. */
function mustGrow(node: Node, types: TypeTable): boolean {
  let bytes = -freedBytes(node);
  for (const value of present(node)) {
    const dims = types.staticShapeOf(value);
    const dtype = types.dtypeOf(value);
    if (dims && dtype && dtype !== 'string') bytes += dtypeByteLength(dtype, elementCount(dims));
  }
  return bytes > MAX_GROWTH;
}

/** Puts constants, under the names of the node's outputs, in its place. */
function replace(node: Node, results: ReadonlyMap<Value, Tensor>, scope: PassScope): void {
  const { graph } = node;
  if (!scope.allowsInitializers) {
    for (const [value, tensor] of results)
      graph.replaceUses(value, scope.addConstant(value.name, tensor, { before: node }));
    graph.remove(node);
    return;
  }
  for (const value of results.keys()) graph.detachOutput(value, value.name);
  graph.remove(node);
  for (const [value, tensor] of results) {
    if (value.uses.length > 0) graph.setInitializer(value, tensor);
    else graph.removeValue(value);
  }
}
