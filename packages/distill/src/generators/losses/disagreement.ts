import { type Loss, weightedMean } from '@gossamer/train';
import { divergence, logSoftmaxAt } from '../../losses/divergence.js';
import { STUDENT_LOGITS, TEACHER_LOGITS } from '../value-names.js';

/**
 * Minus KL(T || S): the generator looks for samples of which the student does not yet say what the teacher does.
 *
 * Source: Fang et al., "Data-Free Adversarial Distillation", 2019 (arXiv:1912.11006), section 3; Micaelli and Storkey, NeurIPS 2019.
 */
export function disagreement(): Loss {
  return {
    name: 'disagreement',
    build(context) {
      const { g, value } = context;
      const [teacher, student] = [value(TEACHER_LOGITS), value(STUDENT_LOGITS)];
      return g.neg(weightedMean(context, divergence(g, logSoftmaxAt(g, teacher, 1), logSoftmaxAt(g, student, 1))));
    },
  };
}
