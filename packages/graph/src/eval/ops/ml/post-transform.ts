import type { KernelCall } from '../../kernel.js';

/** What a classifier or regressor does to the scores of one sample. */
export type PostTransform = (scores: readonly number[]) => number[];

/** Scores nearer to 0 than this are the ones SOFTMAX_ZERO leaves alone, as in ONNX Runtime. */
const ZERO = 1e-7;

/** Coefficient of Winitzki's approximation. */
const WINITZKI = 0.147;

/** 1 / (1 + e^-x), without overflow. */
function logistic(x: number): number {
  const upper = 1 / (1 + Math.exp(-Math.abs(x)));
  return x < 0 ? 1 - upper : upper;
}

/**
 * The normal quantile of a probability, by the approximation both the standard's reference and ONNX Runtime compute (relative error
 * below 2e-3). Source: Winitzki, "A handy approximation for the error function and its inverse", 2008, with a = 0.147.
 */
function probit(probability: number): number {
  const x = 2 * probability - 1;
  const log = Math.log((1 - x) * (1 + x));
  const half = 2 / (Math.PI * WINITZKI) + log / 2;
  const root = Math.sqrt(-half + Math.sqrt(half * half - log / WINITZKI));
  return Math.SQRT2 * (x < 0 ? -root : root);
}

function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Softmax over the scores that are not 0; the others keep their 0. All of them 0 gives NaN, as in ONNX Runtime. */
function softmaxZero(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const isZero = (score: number) => Math.abs(score) <= ZERO;
  const powers = scores.map((score) => (isZero(score) ? score * Math.exp(-largest) : Math.exp(score - largest)));
  const sum = powers.reduce((total, power, i) => (isZero(scores[i]!) ? total : total + power), 0);
  return powers.map((power) => power / sum);
}

const TRANSFORMS: Readonly<Record<string, PostTransform>> = {
  NONE: (scores) => [...scores],
  SOFTMAX: softmax,
  LOGISTIC: (scores) => scores.map(logistic),
  SOFTMAX_ZERO: softmaxZero,
  PROBIT: (scores) => scores.map(probit),
};

/** The codes of TreeEnsemble, in order. */
const CODES = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];

/** The name of a node's transform: a string attribute, or (TreeEnsemble) a code. */
export function transformName(call: KernelCall): string {
  const content = call.node.attributes.get('post_transform')?.content;
  const name = content?.type === 'int' ? CODES[Number(content.value)] : call.node.string('post_transform', 'NONE');
  if (name === undefined || !Object.hasOwn(TRANSFORMS, name)) {
    call.fail('ERR_EVAL_OP', 'post_transform', CODES.join(', '), String(name ?? call.node.int('post_transform', 0)));
  }
  return name;
}

/** The transform a node names; ERR_EVAL_OP for an unknown one. */
export function postTransform(call: KernelCall): PostTransform {
  return TRANSFORMS[transformName(call)]!;
}

/**
 * The scores of two classes where the model computes one, `score`, for the second. The standard does not say which they are, so this is
 * what ONNX Runtime does: its logistic and that of -score under LOGISTIC, else `score` and `other`, untransformed. ERR_EVAL_OP under
 * PROBIT, where ONNX Runtime leaves one of them unset.
 */
export function twoScores(call: KernelCall, score: number, other: number): number[] {
  const name = transformName(call);
  if (name === 'PROBIT') {
    call.fail('ERR_EVAL_OP', 'post_transform', 'one that is defined for one score of two classes', name);
  }
  return name === 'LOGISTIC' ? [logistic(-score), logistic(score)] : [other, score];
}
