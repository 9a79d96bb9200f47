import { badOption } from '../errors.js';
import { adaround } from './adaround.js';
import { awqClip } from './awq-clip.js';
import { gptaq } from './gptaq.js';
import { gptq } from './gptq.js';
import { hqq, hqqInteger } from './hqq.js';
import { importance } from './importance.js';
import { nearest } from './nearest.js';
import { obq } from './obq.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/** Every algorithm that chooses codes on a grid. */
export const ALGORITHMS: readonly WeightAlgorithm[] = [
  nearest,
  importance,
  awqClip,
  hqq,
  hqqInteger,
  gptq,
  gptaq,
  obq,
  adaround,
];

/** The algorithm called `name`; throws ERR_QUANTIZE_OPTION naming those there are. */
export function findAlgorithm(name: string): WeightAlgorithm {
  const found = ALGORITHMS.find((algorithm) => algorithm.name === name);
  return found ?? badOption('algorithm', `one of ${ALGORITHMS.map((item) => item.name).join(', ')}`, name);
}
