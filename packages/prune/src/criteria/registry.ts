import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from '../error-codes.js';
import type { Criterion } from './criterion.js';
import { lamp } from './lamp.js';
import { magnitude } from './magnitude.js';
import { wanda } from './wanda.js';

/** Criteria of elements by name; one line each. */
const CRITERIA: readonly Criterion[] = [magnitude, lamp, wanda];

/** Throws ERR_PRUNE_OPTION naming those there are. */
export function findCriterion(name: string): Criterion {
  const found = CRITERIA.find((criterion) => criterion.name === name);
  if (found) return found;
  const names = CRITERIA.map((criterion) => criterion.name).join(', ');
  throw new GossamerError<PruneErrorCode>('ERR_PRUNE_OPTION', `criterion: expected ${names}, received ${name}`);
}
