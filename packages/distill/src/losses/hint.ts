import { GossamerError, Tensor, type Value } from '@gossamer/graph';
import { fillUniform, type Loss, type LossContext, streamOf, weightedMean } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';
import { type FeatureOptions, featurePair } from './feature-pair.js';

export interface HintOptions extends FeatureOptions {
  /** Of the regressor's first weights. Default 0. */
  readonly seed?: number;
}

/**
 * A hint of an inner layer: half the mean squared distance of the teacher's value and a linear regressor of the student's (a 1 x 1 convolution over
 * images). The regressor is trained with the student and is no part of it. The paper sums over elements; a mean does not depend on their number.
 *
 * Source: Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015 (arXiv:1412.6550), equation 3. There hints come first, then soft targets.
 */
export function hint(options: HintOptions): Loss {
  return {
    name: 'hint',
    build(context) {
      const { g } = context;
      const { student, teacher } = featurePair(context, options);
      const difference = g.sub(regressor(context, student, options), teacher);
      return g.scale(weightedMean(context, g.mul(difference, difference)), 0.5);
    },
  };
}

/** The student's value with the teacher's number of channels. Images have them on axis 1, all else on the last. */
function regressor({ g, parameter }: LossContext, student: Value, options: HintOptions): Value {
  const [from, to] = [g.shape(student), options.teacherShape];
  const axis = from.length > 3 ? 1 : from.length - 1;
  const others = (shape: readonly number[]) => shape.filter((_, i) => i !== axis).join();
  if (from.length !== to.length || others(from) !== others(to)) {
    throw new GossamerError<DistillErrorCode>(
      'ERR_DISTILL_OPTIONS',
      `hint: expected values that differ in axis ${axis} alone, received [${from.join()}] of ${options.student} and [${to.join()}] of ${options.teacher}`,
    );
  }
  const [inputs, outputs] = [from[axis]!, to[axis]!];
  const name = `regressor/${options.student}`;
  const weights = uniform(inputs * outputs, 1 / Math.sqrt(inputs), options.seed ?? 0, name);
  const bias = parameter(`${name}/bias`, Tensor.of('float32', [outputs], new Float32Array(outputs)));
  if (axis === 1 && from.length > 3) {
    const kernel = parameter(name, Tensor.of('float32', [outputs, inputs, ...from.slice(2).map(() => 1)], weights));
    return g.op('Conv', [student, kernel, bias]);
  }
  const matrix = parameter(name, Tensor.of('float32', [inputs, outputs], weights));
  return g.add(g.op('MatMul', [student, matrix]), bias);
}

function uniform(count: number, range: number, seed: number, name: string): Float32Array {
  const numbers = new Float32Array(count);
  fillUniform(numbers, seed, streamOf(name), 0);
  return numbers.map((u) => (2 * u - 1) * range);
}
