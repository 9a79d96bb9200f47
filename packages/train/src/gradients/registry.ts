import type { Node } from '@gossamer/graph';
import { addGradient, divGradient, mulGradient, subGradient } from './arithmetic.js';
import { convGradient } from './conv.js';
import { gemmGradient } from './gemm.js';
import type { GradientRule } from './gradient-rule.js';
import { matMulGradient } from './matmul.js';
import { averagePoolGradient, globalAveragePoolGradient, maxPoolGradient } from './pool.js';
import { reduceGradient } from './reduce.js';
import { reshapeGradient } from './reshape.js';

/** Every rule; one line each. */
const RULES: readonly GradientRule[] = [
  addGradient,
  averagePoolGradient,
  convGradient,
  divGradient,
  gemmGradient,
  globalAveragePoolGradient,
  matMulGradient,
  maxPoolGradient,
  mulGradient,
  reduceGradient,
  reshapeGradient,
  subGradient,
];

const BY_KIND = new Map(RULES.flatMap((rule) => rule.ops.map((op) => [`${rule.domain}::${op}`, rule] as const)));

/** The rule for a node; undefined where there is none. */
export const findGradient = (node: Node): GradientRule | undefined => BY_KIND.get(`${node.domain}::${node.op}`);

/** Every operator with a rule, as `domain::op`, sorted. */
export const gradientKinds = (): string[] => [...BY_KIND.keys()].sort();
