import type { Value } from '@gossamer/graph';
import type { Loss } from '@gossamer/train';
import { checkPositive } from './check-option.js';
import { divergence, logSoftmaxAt } from './divergence.js';
import { logitPair, type LogitsOptions } from './logits.js';

export interface DecoupledOptions extends LogitsOptions {
  /** T > 0. Default 4. */
  readonly temperature?: number;
  /** Of the target class against all others, > 0. Default 1. */
  readonly alpha?: number;
  /** Of the other classes among themselves, > 0. Default 8. */
  readonly beta?: number;
}

/** Takes a logit out of a softmax whatever the others are: exp of it is 0, and 0 times the difference of two of them stays 0. */
const EXCLUDED = -1e30;

/**
 * Decoupled distillation, T^2 (alpha TCKD + beta NCKD): the target class against the others taken together, and the others among themselves. Plain
 * distillation is alpha 1 and beta 1 - p_t[label], which makes the second part small where the teacher is sure. Needs `labels`.
 *
 * Source: Zhao et al., "Decoupled Knowledge Distillation", CVPR 2022 (arXiv:2203.08679), section 3.
 */
export function decoupled(options: DecoupledOptions = {}): Loss {
  const { temperature = 4, alpha = 1, beta = 8 } = options;
  for (const [name, value] of Object.entries({ temperature, alpha, beta })) checkPositive(name, value);
  return {
    name: 'decoupled',
    build(context) {
      const { g, input } = context;
      const { student, teacher, classes, positions, mean } = logitPair(context, options);
      const labels = g.reshape(input('labels', 'int64', positions), [g.shape(student)[0]!]);
      const target = g.op('OneHot', [labels, g.int64([classes]), g.constant([0, 1])], { axis: 1 });
      const others = g.sub(g.constant(1), target);
      const withoutTarget = (x: Value) => g.add(g.mul(x, others), g.scale(target, EXCLUDED));
      const binary = (logits: Value) => {
        const logP = logSoftmaxAt(g, logits, temperature);
        const together = g.op('ReduceLogSumExp', [withoutTarget(logP), g.int64([1])], { keepdims: 1 });
        return g.concat([g.sum(g.mul(logP, target), [1], 1), together], 1);
      };
      const rest = (logits: Value) => logSoftmaxAt(g, withoutTarget(logits), temperature);
      const targetPart = divergence(g, binary(teacher), binary(student));
      const otherPart = divergence(g, rest(teacher), rest(student));
      const sum = g.add(g.scale(targetPart, alpha), g.scale(otherPart, beta));
      return g.scale(mean(sum), temperature * temperature);
    },
  };
}
