import type { Loss } from '@gossamer/train';
import { logSoftmaxAt } from './divergence.js';
import { logitPair, type LogitsOptions } from './logits.js';

/** Cross-entropy with the class that the teacher finds most likely: for samples without labels. */
export function hardLabels(options: LogitsOptions = {}): Loss {
  return {
    name: 'hard-labels',
    build(context) {
      const { g } = context;
      const { student, teacher, classes, mean } = logitPair(context, options);
      const best = g.op('ArgMax', [teacher], { axis: 1, keepdims: 0 });
      const chosen = g.op('OneHot', [best, g.int64([classes]), g.constant([0, 1])], { axis: 1 });
      return mean(g.neg(g.sum(g.mul(chosen, logSoftmaxAt(g, student, 1)), [1])));
    },
  };
}
