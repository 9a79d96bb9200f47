import type { Value } from '@gossamer/graph';

/** What may lie between a product and an output that it makes. */
const TAIL_OPS: ReadonlySet<string> = new Set([
  'Add',
  'Reshape',
  'Squeeze',
  'Cast',
  'Softmax',
  'LogSoftmax',
  'Sigmoid',
]);

/** True when `value` becomes an output by way of a bias, a shape or a final activation at most. */
export function makesOutput(value: Value): boolean {
  if (value.isOutput) return true;
  const [use] = value.uses;
  if (value.uses.length !== 1 || !use || use.node.domain !== '' || !TAIL_OPS.has(use.node.op)) return false;
  // A residual Add joins two branches: that is no bias.
  const isBias = use.node.inputs.every((input) => input === value || input?.constant !== undefined);
  return isBias && makesOutput(use.node.output);
}
