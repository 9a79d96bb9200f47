import type { Value } from '@gossamer/graph';
import type { Emitter, Loss } from '@gossamer/train';
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

/** Takes a logit out of a softmax: exp of it is 0 in float32, and 0 * (-1e4 - -1e4) stays 0. */
const EXCLUDED = -1e4;

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
      const { student, teacher, classes, mean } = logitPair(context, options);
      const shape = g.shape(context.output(options.output)).slice(0, -1);
      const labels = g.reshape(input('labels', 'int64', shape), [g.shape(student)[0]!]);
      const target = g.op('OneHot', [labels, g.int64([classes]), g.constant([0, 1])], { axis: 1 });
      const others = g.sub(g.constant(1), target);
      const binary = (logits: Value) => logBinary(g, logSoftmaxAt(g, logits, temperature), target, others);
      const rest = (logits: Value) =>
        g.op('LogSoftmax', [g.add(g.scale(logits, 1 / temperature), g.scale(target, EXCLUDED))], { axis: -1 });
      const targetPart = divergence(g, binary(teacher), binary(student));
      const otherPart = divergence(g, rest(teacher), rest(student));
      const sum = g.add(g.scale(targetPart, alpha), g.scale(otherPart, beta));
      return g.scale(mean(sum), temperature * temperature);
    },
  };
}

/** Logs of the probabilities of the target class and of all others together, [rows, 2]. */
function logBinary(g: Emitter, logP: Value, target: Value, others: Value): Value {
  const own = g.sum(g.mul(logP, target), [1], 1);
  const excluded = g.add(g.mul(logP, others), g.scale(target, EXCLUDED));
  const together = g.op('Log', [g.op('Max', [g.sum(g.op('Exp', [excluded]), [1], 1), g.constant(SMALLEST)])]);
  return g.concat([own, together], 1);
}

/** The smallest normal float32: the log of a share that has underflowed stays finite. */
const SMALLEST = 2 ** -126;
