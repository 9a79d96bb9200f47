import { type Loss, weightedMean } from '@gossamer/train';
import { TEACHER_LOGITS } from '../value-names.js';

/**
 * Mean of CE(T(x), argmax T(x)): small where the teacher is sure of a class, as it is of what it was trained on.
 *
 * Source: Chen et al., ICCV 2019 (arXiv:1904.01186), equation 2.
 */
export function confidence(): Loss {
  return {
    name: 'confidence',
    build(context) {
      const { g } = context;
      const log = g.op('LogSoftmax', [context.value(TEACHER_LOGITS)], { axis: -1 });
      return g.neg(weightedMean(context, g.op('ReduceMax', [log, g.int64([1])], { keepdims: 0 })));
    },
  };
}
