import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { argmax, classLabels, labelTensor } from './class-labels.js';
import { type Features, featuresOf, requireLength } from './features.js';
import { postTransform, twoScores } from './post-transform.js';

const domain = 'ai.onnx.ml';

/** `targets` linear functions of each sample: coefficients [targets, F], one intercept each (0 without them). */
function linearScores(call: KernelCall, x: Features, targets: number): number[][] {
  const coefficients = call.node.floats('coefficients', []);
  const intercepts = call.node.floats('intercepts', []);
  requireLength(call, 'coefficients', coefficients.length, targets * x.width);
  if (intercepts.length > 0) requireLength(call, 'intercepts', intercepts.length, targets);
  call.charge(x.rows * targets * x.width);
  return Array.from({ length: x.rows }, (_, row) =>
    Array.from({ length: targets }, (__, target) => {
      let sum = intercepts[target] ?? 0;
      for (let i = 0; i < x.width; i++) sum += x.data[row * x.width + i]! * coefficients[target * x.width + i]!;
      return sum;
    }),
  );
}

/** The class with the largest score; one function for two classes says the second where it is positive, as in ONNX Runtime. */
function classify(call: KernelCall): EvalTensor[] {
  const x = featuresOf(call);
  const labels = classLabels(call, 'classlabels_ints');
  const count = call.node.floats('coefficients', []).length;
  const targets = x.width > 0 ? count / x.width : labels.length;
  const isBinary = targets === 1 && labels.length === 2;
  if (!isBinary) requireLength(call, 'coefficients', count, labels.length * x.width);
  const transform = postTransform(call);
  const scores = linearScores(call, x, targets);
  const chosen = scores.map((row) => labels[isBinary ? (row[0]! > 0 ? 1 : 0) : argmax(row)]!);
  const written = scores.flatMap((row) => (isBinary ? twoScores(call, row[0]!, 1 - row[0]!) : transform(row)));
  return [labelTensor(call, labels, chosen), call.result('float32', [x.rows, labels.length], written)];
}

function regress(call: KernelCall): EvalTensor {
  const x = featuresOf(call);
  const targets = call.node.int('targets', 1);
  const transform = postTransform(call);
  return call.result('float32', [x.rows, targets], linearScores(call, x, targets).flatMap(transform));
}

/** Linear models. */
export const linearModels: readonly Kernel[] = [
  defineKernel({ op: 'LinearClassifier', domain, run: classify }),
  defineKernel({ op: 'LinearRegressor', domain, run: (call) => [regress(call)] }),
];
