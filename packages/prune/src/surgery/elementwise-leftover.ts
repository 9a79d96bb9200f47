import { Tensor, type Value } from '@gossamer/graph';
import { canEvaluate, evaluateNode } from '@gossamer/graph/eval';
import type { LeftoverCall } from './leftover-rules.js';
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
  const scalars = node.inputs.map((value, i) => {
    if (!value) return undefined;
    const dtype = leftovers.types.dtypeOf(value) ?? value.constant?.dtype ?? 'float32';
    return Tensor.scalar(dtype, dtype.includes('int64') ? BigInt(numbers[i]!) : numbers[i]!);
  });
  const results = evaluateNode(node, scalars, { opsets: leftovers.model.opsets });
  return results[node.outputs.indexOf(output)]?.toFloat64()[0] ?? NaN;
}

/** Results that one operand decides alone: 0 times anything, 0 divided, both branches alike. */
function absorb(kind: string, numbers: readonly number[]): number | undefined {
  if (kind === 'Mul' && numbers.includes(0)) return 0;
  if (kind === 'Div' && numbers[0] === 0 && numbers[1] !== 0) return 0;
  if (kind === 'Where' && numbers[1] === numbers[2]) return numbers[1];
  return undefined;
}
