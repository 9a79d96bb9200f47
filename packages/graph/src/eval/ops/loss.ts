import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { mapRows, sumOf } from '../rows.js';
import { logSoftmaxRow } from './softmax.js';

/** -weight[t] * input[n, t, d..] for the target t of each position; ignored targets count nothing. Reduced by 'mean', 'sum' or not at all. */
function negativeLogLikelihood(call: KernelCall, logs: EvalTensor): EvalTensor {
  const targets = call.integers(1);
  const dims = call.tensor(1).dims;
  const weights = call.inputs[2] && call.numbers(2);
  const ignored = call.node.int('ignore_index', undefined);
  const reduction = call.node.string('reduction', 'mean');
  const [, classes = 0, ...spatial] = logs.dims;
  const size = elementCount(spatial);
  const data = call.asNumbers(logs);
  const factors = new Float64Array(targets.length);
  const losses = Float64Array.from(targets, (target, i) => {
    if (target === ignored) return 0;
    if (!(target >= 0 && target < classes)) call.fail('ERR_EVAL_VALUE', 'target', `[0, ${classes})`, String(target));
    factors[i] = weights ? weights[target]! : 1;
    return -factors[i]! * data[(Math.floor(i / size) * classes + target) * size + (i % size)]!;
  });
  if (reduction === 'none') return call.result(logs.dtype, dims, losses);
  const total = sumOf(losses);
  return call.result(logs.dtype, [], [reduction === 'sum' ? total : total / sumOf(factors)]);
}

export const losses: readonly Kernel[] = [
  defineKernel({
    op: 'NegativeLogLikelihoodLoss',
    run: (call) => [negativeLogLikelihood(call, call.tensor(0))],
  }),
  defineKernel({
    op: 'SoftmaxCrossEntropyLoss',
    run: (call) => {
      const logs = mapRows(call, call.tensor(0), [1], logSoftmaxRow);
      return [negativeLogLikelihood(call, logs), logs];
    },
  }),
];
