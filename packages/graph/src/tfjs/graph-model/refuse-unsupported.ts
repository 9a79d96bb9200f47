import { tfjsError, type TfjsErrorCode } from '../error-codes.js';
import type { NodeDef } from './node-def.js';
import { CONTROL_FLOW, RANDOM_OPERATORS, STRING_OPERATORS } from './refused-operators.js';
import { findConverter, GIVEN_OPERATORS } from './registry.js';

/** Throws with every operator that cannot be written, by name and count: strings first, then control flow, random numbers and the rest. */
export function refuseUnsupported(nodes: readonly NodeDef[]): void {
  const isKnown = ({ op }: NodeDef) => GIVEN_OPERATORS.includes(op) || findConverter(op) !== undefined;
  const missing = nodes.filter((node) => !isKnown(node));
  const classes: readonly (readonly [TfjsErrorCode, string, (op: string) => boolean])[] = [
    ['ERR_TFJS_STRING_OP', 'operators on numbers', (op) => STRING_OPERATORS.has(op)],
    ['ERR_TFJS_CONTROL_FLOW', 'a graph without control flow', (op) => CONTROL_FLOW.has(op)],
    ['ERR_TFJS_RANDOM_OP', 'results that the inputs decide', (op) => RANDOM_OPERATORS.has(op)],
    ['ERR_TFJS_UNSUPPORTED_OP', 'operators with a converter', () => true],
  ];
  for (const [code, expected, belongs] of classes) {
    const counts = new Map<string, number>();
    for (const { op } of missing) if (belongs(op)) counts.set(op, (counts.get(op) ?? 0) + 1);
    if (counts.size === 0) continue;
    const list = [...counts]
      .map(([op, count]) => `${op.slice(0, 60)} (${count})`)
      .sort()
      .join(', ');
    throw tfjsError(code, `graph: expected ${expected}, received ${list}`);
  }
}
