import type { Value } from '@gossamer/graph';
import type { LossContext } from '@gossamer/train';
import { teacherInput } from './teacher-input.js';

/** Two values that are compared, by the names they have in their models. */
export interface FeatureOptions {
  /** A value of the student. */
  readonly student: string;
  /** A value of the teacher. */
  readonly teacher: string;
  /** Shape of the teacher's value, its batch axis included. */
  readonly teacherShape: readonly number[];
}

export interface FeaturePair {
  readonly student: Value;
  readonly teacher: Value;
}

export const featurePair = (context: LossContext, options: FeatureOptions): FeaturePair => ({
  student: context.value(options.student),
  teacher: teacherInput(context, options.teacher, options.teacherShape),
});
