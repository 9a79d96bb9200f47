import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from '../error-codes.js';
import { atMost } from './at-most.js';
import { blocks } from './blocks.js';
import { byPosition } from './by-position.js';
import { nOfM } from './n-of-m.js';
import type { Pattern } from './pattern.js';
import { unstructured } from './unstructured.js';

/** What patterns look like, and what they are; one line each. */
const FORMS: readonly (readonly [RegExp, (a: number, b: number) => Pattern | undefined])[] = [
  [/^unstructured$/, () => unstructured],
  [/^(\d{1,4}):(\d{1,4})$/, (keep, group) => (keep >= 1 && keep < group ? byPosition(nOfM(keep, group)) : undefined)],
  [
    /^max(\d{1,4}):(\d{1,4})$/,
    (most, group) => (most >= 1 && most < group ? byPosition(atMost(most, group)) : undefined),
  ],
  [
    /^block:(\d{1,4})x(\d{1,4})$/,
    (height, width) => (height * width > 1 ? byPosition(blocks(height, width)) : undefined),
  ],
];

/** The pattern called so. Throws ERR_PRUNE_OPTION. */
export function parsePattern(name: string): Pattern {
  for (const [form, make] of FORMS) {
    const found = form.exec(name);
    const pattern = found && make(Number(found[1]), Number(found[2]));
    if (pattern) return pattern;
  }
  throw new GossamerError<PruneErrorCode>(
    'ERR_PRUNE_OPTION',
    `pattern: expected unstructured, N:M (2:4), maxN:M (max16:64) or block:AxB (block:1x4), received ${name}`,
  );
}
