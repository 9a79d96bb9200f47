import { type Node, Tensor, type Value } from '@gossamer/graph';
import { canEvaluate, evaluateNode } from '@gossamer/graph/eval';
import type { KnownLeftovers, LeftoverCall } from './leftover-call.js';
import { uniformValue } from './uniform-value.js';

/** What an operator that works element by element makes of the numbers that its operands hold, by the reference evaluator. */
export function elementwiseLeftover({ node, output, unit, leftovers }: LeftoverCall): number {
  const operand = (value: Value | undefined): number => {
    if (!value) return NaN;
    const own = leftovers.at(value, unit);
    if (own !== undefined) return own;
    return value.constant ? uniformValue(value.constant) : NaN;
  };
  const numbers = node.inputs.map(operand);
  const absorbed = absorb(node.kind, numbers);
  if (absorbed !== undefined) return absorbed;
  const isKnown = node.inputs.every((value, i) => !value || !Number.isNaN(numbers[i]));
  if (!isKnown || !canEvaluate(node)) return NaN;
  const known = results.get(node) ?? new Map<string, readonly number[]>();
  results.set(node, known);
  const key = numbers.join();
  const found = known.get(key) ?? evaluateOn(node, numbers, leftovers);
  known.set(key, found);
  return found[node.outputs.indexOf(output)] ?? NaN;
}

/** Units of a layer mostly hold the same number. */
const results = new WeakMap<Node, Map<string, readonly number[]>>();

function evaluateOn(node: Node, numbers: readonly number[], { types, model }: KnownLeftovers): number[] {
  const scalars = node.inputs.map((value, i) => {
    if (!value) return undefined;
    const dtype = types.dtypeOf(value) ?? value.constant?.dtype ?? 'float32';
    return Tensor.scalar(dtype, numbers[i]!);
  });
  return evaluateNode(node, scalars, { opsets: model.opsets }).map((tensor) => tensor?.toFloat64()[0] ?? NaN);
}

/** Results that one operand decides alone: 0 times anything, 0 divided, both branches alike. */
function absorb(kind: string, numbers: readonly number[]): number | undefined {
  if (kind === 'Mul' && numbers.includes(0)) return 0;
  if (kind === 'Div' && numbers[0] === 0 && numbers[1] !== 0) return 0;
  if (kind === 'Where' && numbers[1] === numbers[2]) return numbers[1];
  return undefined;
}
