import { GossamerError } from '@gossamer/graph';
import type { KernelErrorCode } from './error-codes.js';

/** How a step follows from the gradient: OptimizerRule in native/kernels/optimizer_f32/optimizer_f32.h. AdamW is 'adam' with decoupled decay. */
export type OptimizerRule = 'sgd' | 'momentum' | 'nesterov' | 'rmsprop' | 'adam' | 'amsgrad' | 'lion';

/**
 * All that one step of any rule depends on beside the arrays (OptimizerCoefficients there): finite numbers, rounded to float32 once. Each rule
 * reads some of them; the others are neutral.
 */
export interface OptimizerCoefficients {
  /** Of the gradient: clipping by a norm, means of accumulated gradients. Neutral: 1. */
  readonly gradientFactor: number;
  /** Times the weight, added to the gradient: coupled decay. Neutral: 0. */
  readonly l2: number;
  /** Of the weight: 1 - eta lambda where decay is decoupled. Neutral: 1. */
  readonly shrink: number;
  /** Of the direction: the learning rate, over the first moment's bias correction where the rule corrects it. */
  readonly step: number;
  /** Share of the first slot kept: momentum or beta1. Neutral: 0. */
  readonly firstKeep: number;
  /** Share of the gradient that enters the first slot. Neutral: 0. */
  readonly firstTake: number;
  /** Share of the mean square kept: beta2, RMSprop's alpha. Neutral: 0. */
  readonly secondKeep: number;
  /** 1 - secondKeep, formed in double: 1 - float32(0.999) would be off by 1e-5 of itself. Neutral: 0. */
  readonly secondTake: number;
  /** Of the root of the mean square: 1 / sqrt(1 - beta2^t) corrects its bias. Neutral: 1. */
  readonly rootFactor: number;
  /** Added to the root. Neutral: 0. */
  readonly epsilon: number;
  /** eta l1: what a weight's magnitude loses after the step (proximal L1). Neutral: 0. */
  readonly threshold: number;
}

interface Rule {
  readonly code: number;
  /** Arrays that the rule keeps for each weight. */
  readonly slots: number;
}

const RULES: Readonly<Record<OptimizerRule, Rule>> = {
  sgd: { code: 0, slots: 0 },
  momentum: { code: 1, slots: 1 },
  nesterov: { code: 2, slots: 1 },
  rmsprop: { code: 3, slots: 1 },
  adam: { code: 4, slots: 2 },
  amsgrad: { code: 5, slots: 3 },
  lion: { code: 6, slots: 1 },
};

/** In the kernel's order. */
const COEFFICIENTS: readonly (keyof OptimizerCoefficients)[] = [
  'gradientFactor',
  'l2',
  'shrink',
  'step',
  'firstKeep',
  'firstTake',
  'secondKeep',
  'secondTake',
  'rootFactor',
  'epsilon',
  'threshold',
];

const badOption = (name: string, expected: string, received: unknown) =>
  new GossamerError<KernelErrorCode>('ERR_BAD_OPTION', `${name}: expected ${expected}, received ${String(received)}`);

/** The rule as the kernel knows it. */
export function kernelRule(rule: OptimizerRule): Rule {
  if (Object.hasOwn(RULES, rule)) return RULES[rule];
  throw badOption('rule', `one of ${Object.keys(RULES).join(', ')}`, rule);
}

/** The coefficients as the kernel takes them. */
export function packCoefficients(coefficients: OptimizerCoefficients): Float32Array {
  const packed = Float32Array.from(COEFFICIENTS, (name) => coefficients[name]);
  const bad = packed.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return packed;
  const name = COEFFICIENTS[bad]!;
  throw badOption(name, 'a number that is finite in float32', coefficients[name]);
}
