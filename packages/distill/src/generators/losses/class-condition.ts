import { type Loss, weightedMean } from '@gossamer/train';
import { CLASSES, TEACHER_LOGITS } from '../value-names.js';

/**
 * Cross-entropy of the teacher's answer and the class that the sample was to be of.
 *
 * Source: Yoo et al., "Knowledge Extraction with No Observable Data", NeurIPS 2019, equation 4.
 */
export function classCondition(): Loss {
  return {
    name: 'class-condition',
    build(context) {
      const { g, value } = context;
      const log = g.op('LogSoftmax', [value(TEACHER_LOGITS)], { axis: -1 });
      return g.neg(weightedMean(context, g.sum(g.mul(value(CLASSES), log), [1])));
    },
  };
}
