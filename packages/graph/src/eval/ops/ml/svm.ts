import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { argmax, classLabels, labelTensor } from './class-labels.js';
import { featuresOf, requireLength } from './features.js';
import { coupleProbabilities, pairProbability } from './pairwise-probability.js';
import { postTransform, transformName, twoScores } from './post-transform.js';
import { linearDecisions, similarities } from './svm-kernel.js';

const domain = 'ai.onnx.ml';

/** A pair of classes with the coefficients that decide between them, by support vector (0 for those of other classes). */
interface Pair {
  readonly first: number;
  readonly second: number;
  readonly terms: readonly { readonly vector: number; readonly coefficient: number }[];
}

/** One pair for any two classes. Coefficients are [classes - 1, vectors]: a vector's row for class c is c, or c - 1 above its own. */
function pairsOf(call: KernelCall, perClass: readonly number[]): Pair[] {
  const starts = perClass.map((_, i) => perClass.slice(0, i).reduce((a, b) => a + b, 0));
  const vectors = perClass.reduce((a, b) => a + b, 0);
  const coefficients = call.node.floats('coefficients', []);
  requireLength(call, 'coefficients', coefficients.length, (perClass.length - 1) * vectors);
  call.charge(vectors * perClass.length);
  const termsOf = (own: number, row: number) =>
    Array.from({ length: perClass[own]! }, (_, i) => {
      const vector = starts[own]! + i;
      return { vector, coefficient: coefficients[row * vectors + vector]! };
    });
  return perClass.flatMap((_, first) =>
    perClass.slice(first + 1).map((__, i) => {
      const second = first + 1 + i;
      return { first, second, terms: [...termsOf(first, second - 1), ...termsOf(second, first)] };
    }),
  );
}

/** Probabilities of the classes from the decisions of all pairs. */
function probabilities(
  call: KernelCall,
  pairs: readonly Pair[],
  decisions: readonly number[],
  classes: number,
): number[] {
  const [a, b] = [call.node.floats('prob_a', []), call.node.floats('prob_b', [])];
  for (const [name, list] of Object.entries({ prob_a: a, prob_b: b })) {
    requireLength(call, name, list.length, pairs.length);
  }
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  pairs.forEach(({ first, second }, i) => {
    const probability = pairProbability(decisions[i]!, a[i]!, b[i]!);
    table[first]![second] = probability;
    table[second]![first] = 1 - probability;
  });
  return coupleProbabilities(table);
}

interface Classified {
  readonly best: number;
  readonly scores: readonly number[];
}

/** Every pair of classes votes; the scores are the decisions, or the probabilities where prob_a and prob_b are given. */
function classifyByPairs(call: KernelCall, perClass: readonly number[]): Classified[] {
  const x = featuresOf(call);
  const transform = postTransform(call);
  const pairs = pairsOf(call, perClass);
  const rho = call.node.floats('rho', []);
  requireLength(call, 'rho', rho.length, pairs.length);
  const hasProbabilities = call.node.has('prob_a') && call.node.floats('prob_a', []).length > 0;
  const vectors = perClass.reduce((a, b) => a + b, 0);
  call.charge(x.rows * vectors * perClass.length);
  return similarities(call, x, vectors).map((row) => {
    const decisions = pairs.map(({ terms }, i) =>
      terms.reduce((sum, { vector, coefficient }) => sum + coefficient * row[vector]!, rho[i]!),
    );
    const votes = new Array<number>(perClass.length).fill(0);
    pairs.forEach(({ first, second }, i) => votes[decisions[i]! > 0 ? first : second]!++);
    const best = argmax(votes);
    if (hasProbabilities) return { best, scores: transform(probabilities(call, pairs, decisions, perClass.length)) };
    if (pairs.length > 1) return { best, scores: transform(decisions) };
    const [decision] = decisions as [number];
    return { best, scores: twoScores(call, decision, transformName(call) === 'NONE' ? -decision : 1 - decision) };
  });
}

/** Without support vectors: one linear function a class. Of two classes a positive score means the second, as in ONNX Runtime. */
function classifyLinear(call: KernelCall, classes: number): Classified[] {
  const transform = postTransform(call);
  const isPositive = call.node.floats('coefficients', []).every((coefficient) => coefficient >= 0);
  return linearDecisions(call, featuresOf(call), classes).map((row) => {
    const best = argmax(row);
    const largest = row[best]!;
    const isSecond = classes === 2 && (isPositive ? largest >= 0.5 : largest > 0);
    return { best: isSecond ? 1 : best, scores: transform(row) };
  });
}

function classify(call: KernelCall): EvalTensor[] {
  const labels = classLabels(call, 'classlabels_ints');
  const perClass = call.node.ints('vectors_per_class', []);
  if (perClass.some((count) => count < 0)) {
    call.fail('ERR_EVAL_VALUE', 'vectors_per_class', 'counts >= 0', perClass.join(','));
  }
  const hasVectors = perClass.some((count) => count > 0);
  if (hasVectors) requireLength(call, 'vectors_per_class', perClass.length, labels.length);
  const rows = hasVectors ? classifyByPairs(call, perClass) : classifyLinear(call, labels.length);
  const width = rows[0]?.scores.length ?? labels.length;
  return [
    labelTensor(
      call,
      labels,
      rows.map(({ best }) => labels[best]!),
    ),
    call.result(
      'float32',
      [rows.length, width],
      rows.flatMap(({ scores }) => scores),
    ),
  ];
}

/** A weighted sum of similarities plus rho[0]; of a one-class machine its sign, 1 or -1. */
function regress(call: KernelCall): EvalTensor {
  const x = featuresOf(call);
  const count = call.node.int('n_supports', 0);
  const coefficients = call.node.floats('coefficients', []);
  const transform = postTransform(call);
  const isOneClass = call.node.int('one_class', 0) !== 0;
  const [rho] = call.node.floats('rho', []);
  if (rho === undefined) call.fail('ERR_EVAL_SHAPE', 'rho', 'at least 1 element', 'none');
  if (count > 0) requireLength(call, 'coefficients', coefficients.length, count);
  const decisions =
    count > 0
      ? similarities(call, x, count).map((row) => [row.reduce((sum, value, i) => sum + value * coefficients[i]!, rho)])
      : linearDecisions(call, x, 1);
  const written = decisions.flatMap((row) => transform(isOneClass ? row.map((value) => (value > 0 ? 1 : -1)) : row));
  return call.result('float32', [x.rows, 1], written);
}

/** Support vector machines. */
export const supportVectorMachines: readonly Kernel[] = [
  defineKernel({ op: 'SVMClassifier', domain, run: classify }),
  defineKernel({ op: 'SVMRegressor', domain, run: (call) => [regress(call)] }),
];
