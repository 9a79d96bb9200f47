import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from '../error-codes.js';
import type { Criterion } from './criterion.js';
import { fisher } from './fisher.js';
import { grasp } from './grasp.js';
import { lamp } from './lamp.js';
import { magnitude } from './magnitude.js';
import { obs } from './obs.js';
import { snip } from './snip.js';
import { taylor } from './taylor.js';
import { threshold } from './threshold.js';
import { wanda } from './wanda.js';
import { woodfisher } from './woodfisher.js';

/** Criteria of elements by name; one line each. */
export const CRITERIA: readonly Criterion[] = [
  magnitude,
  lamp,
  threshold,
  taylor,
  snip,
  grasp,
  fisher,
  woodfisher,
  wanda,
  obs,
];

/** Throws ERR_PRUNE_OPTION naming those there are. */
export function findCriterion(name: string): Criterion {
  const found = CRITERIA.find((criterion) => criterion.name === name);
  if (found) return found;
  const names = CRITERIA.map((criterion) => criterion.name).join(', ');
  throw new GossamerError<PruneErrorCode>('ERR_PRUNE_OPTION', `criterion: expected ${names}, received ${name}`);
}
