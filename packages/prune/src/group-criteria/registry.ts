import { badOption } from '../bad-option.js';
import { ablation } from './ablation.js';
import { apoz } from './apoz.js';
import { batchNorm } from './batch-norm.js';
import { entropy } from './entropy.js';
import { geometricMedian } from './geometric-median.js';
import type { GroupCriterion } from './group-criterion.js';
import { hrank } from './hrank.js';
import { information } from './information.js';
import { magnitudeL1, magnitudeL2 } from './magnitude.js';
import { taylor } from './taylor.js';

/** Criteria of units by name; one line each. */
const CRITERIA: readonly GroupCriterion[] = [
  magnitudeL1,
  magnitudeL2,
  geometricMedian,
  batchNorm,
  taylor,
  entropy,
  apoz,
  hrank,
  information,
  ablation,
];

/** Throws ERR_PRUNE_OPTION naming those there are. */
export function findGroupCriterion(name: string): GroupCriterion {
  const names = CRITERIA.map((criterion) => criterion.name).join(', ');
  return CRITERIA.find((criterion) => criterion.name === name) ?? badOption('criterion', names, name);
}
