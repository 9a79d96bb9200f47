import type { Adapter } from './adapter.js';
import { attributesToInputs } from './attributes-to-inputs.js';
import { normalizationAdapters } from './normalization.js';
import { resizeAdapters } from './resize.js';
import { scanAdapters } from './scan.js';
import { softmaxAdapters } from './softmax.js';
import { spellingAdapters } from './spelling.js';
import { STABLE, UNCHANGED } from './unchanged.js';

const ADAPTERS: readonly Adapter[] = [
  ...attributesToInputs,
  ...normalizationAdapters,
  ...resizeAdapters,
  ...scanAdapters,
  ...softmaxAdapters,
  ...spellingAdapters,
];

/** What happens to nodes of an operator at a version: nothing, or a rewrite that may refuse it. */
export type Change = 'unchanged' | Adapter;

const CHANGES = indexChanges();

function indexChanges(): ReadonlyMap<string, ReadonlyMap<number, Change>> {
  const changes = new Map<string, Map<number, Change>>([...STABLE].map((op) => [op, new Map()]));
  const set = (op: string, version: number, change: Change) => {
    const versions = changes.get(op) ?? new Map<number, Change>();
    if (STABLE.has(op) || versions.has(version)) throw new Error(`opset tables: two entries for ${op} ${version}`);
    changes.set(op, versions.set(version, change));
  };
  for (const [op, versions] of Object.entries(UNCHANGED)) for (const version of versions) set(op, version, 'unchanged');
  for (const adapter of ADAPTERS) for (const op of adapter.ops) set(op, adapter.since, adapter);
  return changes;
}

/** Changes of a standard operator by version, in (7, 28]; undefined for one that the tables do not know. */
export function changesOf(op: string): ReadonlyMap<number, Change> | undefined {
  return CHANGES.get(op);
}

/** Operators the tables know, with the versions that change them. */
export function knownChanges(): ReadonlyMap<string, ReadonlyMap<number, Change>> {
  return CHANGES;
}
