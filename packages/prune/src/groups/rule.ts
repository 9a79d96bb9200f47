import type { NodeAxes } from './node-axes.js';

/** How the axes of an operator's inputs, outputs and weights hang together. */
export interface GroupRule {
  /** `Node.kind`s this rule is for. */
  readonly ops: readonly string[];
  tie(axes: NodeAxes): void;
}

/** Makes a rule. */
export function defineGroupRule(rule: GroupRule): GroupRule {
  return rule;
}
