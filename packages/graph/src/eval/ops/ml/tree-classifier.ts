import type { EvalTensor } from '../../eval-value.js';
import type { KernelCall } from '../../kernel.js';
import { argmax, classLabels, labelTensor } from './class-labels.js';
import { featuresOf, requireLength } from './features.js';
import { postTransform, twoScores } from './post-transform.js';
import { floatsOrTensor, readForest } from './read-forest.js';
import { collectVotes } from './tree.js';

/** What one sample's votes become. */
interface Classified {
  readonly best: number;
  readonly scores: readonly number[];
}

type Finish = (votes: readonly (number | undefined)[]) => Classified;

/** The class with the largest score, base values added; a class without a vote has its base value. */
function topClass(call: KernelCall, base: ArrayLike<number>): Finish {
  const transform = postTransform(call);
  return (votes) => {
    const scores = votes.map((vote, i) => (vote ?? 0) + (base[i] ?? 0));
    return { best: argmax(scores), scores: transform(scores) };
  };
}

/**
 * Two classes of which only `voted` gets votes, as binary models are exported. The standard leaves them open, so this is what ONNX
 * Runtime does: the sum says the second class when it is above 0.5, or above 0 where weights are negative. Votes for class 0 then
 * give two scores made of the sum; votes for class 1 are the score of class 1.
 */
function oneVoted(call: KernelCall, voted: number, isPositive: boolean, base: ArrayLike<number>): Finish {
  const transform = postTransform(call);
  if (voted === 1) requireLength(call, 'base_values', base.length, 0);
  return (votes) => {
    const sum = (votes[voted] ?? 0) + (base[0] ?? 0);
    const best = sum > (isPositive ? 0.5 : 0) ? 1 : 0;
    return { best, scores: voted === 1 ? transform([0, sum]) : twoScores(call, sum, isPositive ? 1 - sum : -sum) };
  };
}

function finishOf(call: KernelCall, classes: number): Finish {
  const base = floatsOrTensor(call, 'base_values');
  const voted = new Set(call.node.ints('class_ids', []));
  const [only] = voted;
  const isOneVoted = classes === 2 && voted.size === 1 && (only === 0 || only === 1) && base.length < 2;
  if (!isOneVoted) {
    if (base.length > 0) requireLength(call, 'base_values', base.length, classes);
    return topClass(call, base);
  }
  const isPositive = Array.from(floatsOrTensor(call, 'class_weights')).every((weight) => weight >= 0);
  return oneVoted(call, only, isPositive, base);
}

/** TreeEnsembleClassifier: a label and the scores of all classes for each sample. */
export function classifyTrees(call: KernelCall): EvalTensor[] {
  const x = featuresOf(call);
  const labels = classLabels(call, 'classlabels_int64s');
  const forest = readForest(call, 'class');
  const finish = finishOf(call, labels.length);
  call.reserve([x.rows, labels.length]);
  const rows = Array.from({ length: x.rows }, (_, row) =>
    finish(collectVotes(call, forest, x, row, labels.length, 'SUM')),
  );
  const chosen = rows.map(({ best }) => labels[best]!);
  const scores = rows.flatMap((row) => row.scores);
  return [labelTensor(call, labels, chosen), call.result('float32', [x.rows, labels.length], scores)];
}
