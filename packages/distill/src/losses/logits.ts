import type { Value } from '@gossamer/graph';
import { type LossContext, weightedMean } from '@gossamer/train';
import { teacherInput } from './teacher-input.js';

/** Which outputs are logits. */
export interface LogitsOptions {
  /** The student's output. Default: its first. */
  readonly output?: string;
  /** The teacher's output. Default: the name of the student's. */
  readonly teacherOutput?: string;
}

/** Logits of both, [rows, classes]: positions of a sequence are rows of their own. */
export interface LogitPair {
  readonly student: Value;
  readonly teacher: Value;
  readonly classes: number;
  /** Mean of one number a row: over positions, then over samples by weight. */
  mean(rows: Value): Value;
}

/** The logits of student and teacher; classes are on the last axis. */
export function logitPair(context: LossContext, { output, teacherOutput }: LogitsOptions): LogitPair {
  const { g, batch, outputs } = context;
  const logits = context.output(output);
  const shape = g.shape(logits);
  const classes = shape.at(-1)!;
  const rows = g.size(logits) / classes;
  const teacher = teacherInput(context, teacherOutput ?? output ?? outputs[0]!, shape);
  return {
    student: g.reshape(logits, [rows, classes]),
    teacher: g.reshape(teacher, [rows, classes]),
    classes,
    mean: (values) => weightedMean(context, g.reshape(values, [batch, rows / batch])),
  };
}
