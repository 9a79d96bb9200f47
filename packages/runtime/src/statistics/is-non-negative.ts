import type { Node, Value } from '@gossamer/graph';

const NON_NEGATIVE: ReadonlySet<string> = new Set([
  'Abs',
  'Exp',
  'HardSigmoid',
  'Relu',
  'Sigmoid',
  'Softmax',
  'Softplus',
  'Sqrt',
]);

/** True when the operator that makes `value` gives nothing below 0 (NaN aside). */
export function isNonNegative({ producer }: Value): boolean {
  if (!producer || producer.domain !== '') return false;
  return NON_NEGATIVE.has(producer.op) || (producer.op === 'Clip' && clipsAtZero(producer));
}

function clipsAtZero(node: Node): boolean {
  // Before opset 11 the limits were attributes.
  const low = node.input(1)?.constant;
  const limit = low ? (low.length === 1 ? low.item() : NaN) : node.float('min', -Infinity);
  return limit >= 0;
}
