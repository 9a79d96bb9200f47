import type { EvalTensor } from '../../eval-value.js';
import type { KernelCall } from '../../kernel.js';
import { integersAttribute } from './features.js';

/** The labels a classifier chooses from. */
export type ClassLabels = readonly string[] | readonly bigint[];

/** Strings when they are given, else the integers of attribute `integers`; ERR_EVAL_VALUE without any. */
export function classLabels(call: KernelCall, integers: string): ClassLabels {
  const names = call.node.strings('classlabels_strings', []);
  const labels = names.length > 0 ? names : (integersAttribute(call, integers) ?? []);
  if (labels.length === 0) call.fail('ERR_EVAL_VALUE', 'classlabels', 'at least one label', 'none');
  return labels;
}

/** One label a row. */
export function labelTensor(call: KernelCall, labels: ClassLabels, chosen: readonly (string | bigint)[]): EvalTensor {
  const target = call.allocate(typeof labels[0] === 'string' ? 'string' : 'int64', [chosen.length]);
  const data = target.data as unknown as Record<number, string | bigint>;
  chosen.forEach((label, row) => (data[row] = label));
  return target;
}

/** Index of the largest score, the first of equals. */
export function argmax(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}
