import { badOption } from '../errors.js';
import { adaround } from './adaround.js';
import { awqClip } from './awq-clip.js';
import { codebookFit } from './codebook-fit.js';
import { gptaq } from './gptaq.js';
import { gptq } from './gptq.js';
import { hqq, hqqInteger } from './hqq.js';
import { importance } from './importance.js';
import { nearest } from './nearest.js';
import { obq } from './obq.js';
import type { UnitAlgorithm, WeightAlgorithm } from './weight-algorithm.js';

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
  codebookFit,
];

/** Those that learn the rounding of blocks of layers: BRECQ (arXiv:2102.05426) and QDrop (arXiv:2203.05740), which drops the noise of half of a block's inputs. */
const UNIT_ALGORITHMS: readonly UnitAlgorithm[] = [
  { name: 'brecq', needs: 'units', drop: 0 },
  { name: 'qdrop', needs: 'units', drop: 0.5 },
];

/** Any algorithm called `name`; throws ERR_QUANTIZE_OPTION naming those there are. */
export function findAnyAlgorithm(name: string): WeightAlgorithm | UnitAlgorithm {
  const all = [...ALGORITHMS, ...UNIT_ALGORITHMS];
  const found = all.find((algorithm) => algorithm.name === name);
  return found ?? badOption('algorithm', `one of ${all.map((item) => item.name).join(', ')}`, name);
}

/** The algorithm of single weights called `name`; throws ERR_QUANTIZE_OPTION naming those there are. */
export function findAlgorithm(name: string): WeightAlgorithm {
  const found = ALGORITHMS.find((algorithm) => algorithm.name === name);
  return found ?? badOption('algorithm', `one of ${ALGORITHMS.map((item) => item.name).join(', ')}`, name);
}
