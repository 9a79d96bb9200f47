import { gradientKinds } from '../gradients/registry.js';
import { loweredKinds } from '../lowering/registry.js';
import { CONSTANT_OPERATORS } from './constant-operators.js';

/**
 * What training makes of an operator: it has a rule of its own; it is written in operators that have; nothing flows through it, and it may stand
 * beside the way of gradients; or a model with it (and no way to fold it) is refused.
 */
export type GradientCoverage = 'primitive' | 'lowered' | 'constant' | 'refused';

/** What the training form rewrites by itself, without an entry among the lowerings: Dropout, and what its opset has under another name. */
const REWRITTEN: ReadonlySet<string> = new Set(['Dropout', 'Scatter', 'Upsample']);

/** From the registries of rules and lowerings. */
export function gradientCoverage(op: string, domain = ''): GradientCoverage {
  const kind = `${domain}::${op}`;
  if (PRIMITIVE.has(kind)) return 'primitive';
  if (LOWERED.has(kind) || (domain === '' && REWRITTEN.has(op))) return 'lowered';
  return domain === '' && CONSTANT_OPERATORS.has(op) ? 'constant' : 'refused';
}

const PRIMITIVE: ReadonlySet<string> = new Set(gradientKinds());
const LOWERED: ReadonlySet<string> = new Set(loweredKinds());
