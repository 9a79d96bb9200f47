import { GossamerError } from '@gossamer/graph';
import type { KernelErrorCode } from './error-codes.js';

/** How weights follow their gradients. */
export type OptimizerKind = 'sgd' | 'momentum' | 'nesterov' | 'rmsprop' | 'adam' | 'amsgrad' | 'adamw' | 'lion';

/** The numbers of a rule; one that the rule has not is refused. */
export interface OptimizerHyper {
  /** Finite, >= 0. */
  readonly learningRate: number;
  /** Which step this is, from 1 on (adam, amsgrad, adamw: bias correction; there it must be given). */
  readonly step?: number;
  /**
   * Finite, >= 0. Adds weightDecay * weight to the gradient (L2), but in adamw and lion, where the weight loses learningRate * weightDecay
   * of itself beside the step. Default 0.
   */
  readonly weightDecay?: number;
  /** momentum, nesterov: what the velocity keeps, in [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** momentum: the velocity takes 1 - dampening of the gradient, in [0, 1]. Default 0. */
  readonly dampening?: number;
  /** rmsprop: what the mean square keeps, in [0, 1). Default 0.99. */
  readonly alpha?: number;
  /** adam, amsgrad, adamw, lion: what the first moment keeps, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** What the second moment (lion: the momentum) keeps, in [0, 1). Default 0.999, lion 0.99. */
  readonly beta2?: number;
  /** rmsprop, adam, amsgrad, adamw: added to the root, outside of it; finite, >= 0. Default 1e-8. */
  readonly epsilon?: number;
}

/** What else happens to weights in one step, whatever the rule. */
export interface OptimizerOptions {
  /** Multiplies every gradient first: clipping by a global norm, means of accumulated gradients. Finite. Default 1. */
  readonly gradientFactor?: number;
  /**
   * Strength of an L1 penalty, taken as a proximal step: each weight then loses learningRate * l1 of its magnitude, down to exactly 0.
   * Finite, >= 0. Default 0.
   */
  readonly l1?: number;
}

interface Rule {
  /** OptimizerRule in native/kernels/optimizer_f32/optimizer_f32.h. */
  readonly code: number;
  /** What the rule remembers of each weight, 0 at first, in the order of `slots`. */
  readonly slots: readonly string[];
  /** What it takes beside learningRate and weightDecay, with defaults; undefined: must be given. */
  readonly hyper: Readonly<Record<string, number | undefined>>;
}

const ADAM = { step: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const RULES: Readonly<Record<OptimizerKind, Rule>> = {
  sgd: { code: 0, slots: [], hyper: {} },
  momentum: { code: 1, slots: ['velocity'], hyper: { momentum: 0.9, dampening: 0 } },
  nesterov: { code: 2, slots: ['velocity'], hyper: { momentum: 0.9 } },
  rmsprop: { code: 3, slots: ['meanSquare'], hyper: { alpha: 0.99, epsilon: 1e-8 } },
  adam: { code: 4, slots: ['firstMoment', 'secondMoment'], hyper: ADAM },
  amsgrad: { code: 5, slots: ['firstMoment', 'secondMoment', 'largestSecondMoment'], hyper: ADAM },
  adamw: { code: 4, slots: ['firstMoment', 'secondMoment'], hyper: ADAM },
  lion: { code: 6, slots: ['momentum'], hyper: { beta1: 0.9, beta2: 0.99 } },
};
const DECOUPLED: readonly OptimizerKind[] = ['adamw', 'lion'];

const badOption = (name: string, expected: string, received: unknown) =>
  new GossamerError<KernelErrorCode>('ERR_BAD_OPTION', `${name}: expected ${expected}, received ${String(received)}`);

function requireNumber(name: string, value: unknown, isRight: (value: number) => boolean, expected: string): number {
  if (typeof value === 'number' && isRight(value)) return value;
  throw badOption(name, expected, value);
}

const isNonNegative = (value: number): boolean => Number.isFinite(value) && value >= 0;

const nonNegative = (name: string, value: unknown): number =>
  requireNumber(name, value, isNonNegative, 'a finite number >= 0');

function ruleNumber(name: string, value: unknown): number {
  if (name === 'step') return requireNumber(name, value, (t) => Number.isSafeInteger(t) && t >= 1, 'an integer >= 1');
  if (name === 'epsilon') return nonNegative(name, value);
  if (name === 'dampening') return requireNumber(name, value, (v) => v >= 0 && v <= 1, 'a number in [0, 1]');
  return requireNumber(name, value, (v) => v >= 0 && v < 1, 'a number in [0, 1)');
}

function ruleOf(kind: OptimizerKind): Rule {
  if (Object.hasOwn(RULES, kind)) return RULES[kind];
  throw badOption('kind', `one of ${Object.keys(RULES).join(', ')}`, kind);
}

/** What the rule remembers of each weight: names of the slots that optimizerStep takes, in their order, all 0 before the first step. */
export function optimizerSlots(kind: OptimizerKind): readonly string[] {
  return ruleOf(kind).slots;
}

/** The rule and its numbers as the kernel takes them (OptimizerCoefficients), worked out in float64 and rounded once. */
export function optimizerCoefficients(
  kind: OptimizerKind,
  hyper: OptimizerHyper,
  options: OptimizerOptions,
): { readonly code: number; readonly coefficients: Float32Array } {
  const rule = ruleOf(kind);
  const { learningRate, weightDecay = 0, ...given } = hyper;
  const { gradientFactor = 1, l1 = 0 } = options;
  nonNegative('learningRate', learningRate);
  nonNegative('weightDecay', weightDecay);
  nonNegative('l1', l1);
  requireNumber('gradientFactor', gradientFactor, Number.isFinite, 'a finite number');
  // A loop counts steps whatever its rule is.
  const stranger = Object.entries(given).find(
    ([name, value]) => value !== undefined && name !== 'step' && !Object.hasOwn(rule.hyper, name),
  );
  if (stranger) throw badOption(stranger[0], `none for ${kind}`, stranger[1]);
  const values = Object.fromEntries(
    Object.entries(rule.hyper).map(([name, otherwise]) => {
      const value = (given as Record<string, number | undefined>)[name] ?? otherwise;
      return [name, ruleNumber(name, value)];
    }),
  );
  const { step = 1, momentum, dampening = 0, alpha, beta1, beta2, epsilon = 0 } = values;
  const isDecoupled = DECOUPLED.includes(kind);
  const isCorrected = Object.hasOwn(rule.hyper, 'step');
  const firstKeep = momentum ?? beta1 ?? 0;
  const secondKeep = alpha ?? beta2 ?? 0;
  const coefficients = Float32Array.of(
    gradientFactor,
    isDecoupled ? 0 : weightDecay,
    isDecoupled ? 1 - learningRate * weightDecay : 1,
    isCorrected ? learningRate / (1 - firstKeep ** step) : learningRate,
    firstKeep,
    momentum === undefined ? 1 - firstKeep : 1 - dampening,
    secondKeep,
    1 - secondKeep,
    isCorrected ? 1 / Math.sqrt(1 - secondKeep ** step) : 1,
    epsilon,
    learningRate * l1,
  );
  return { code: rule.code, coefficients };
}
