import { bombCases } from './bomb-cases.js';
import { externalCases } from './external-cases.js';
import { foreignCases } from './foreign-cases.js';
import { graphCases } from './graph-cases.js';
import type { HostileFamily } from './hostile-case.js';
import { nameCases } from './name-cases.js';
import { operatorCases } from './operator-cases.js';
import { safetensorsBombs, safetensorsCases } from './safetensors-cases.js';
import { tensorCases } from './tensor-cases.js';
import { tfjsCases } from './tfjs-cases.js';
import { wireCases } from './wire-cases.js';

/** Every hostile case, by class of attack. */
export const FAMILIES: readonly HostileFamily[] = [
  wireCases,
  bombCases,
  nameCases,
  tensorCases,
  externalCases,
  graphCases,
  operatorCases,
  safetensorsCases,
  safetensorsBombs,
  tfjsCases,
  foreignCases,
];
