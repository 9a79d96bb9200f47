import type { Value } from '@gossamer/graph';
import { type Emitter, type LossContext, weightedMean } from '@gossamer/train';
import { teacherInput } from './teacher-input.js';

/** Which outputs are logits. */
export interface LogitsOptions {
  /** The student's output. Default: its first. */
  readonly output?: string;
  /** The teacher's output. Default: the name of the student's. */
  readonly teacherOutput?: string;
}

/** Logits of both, [rows, classes]: positions of a sequence or an image are rows of their own. */
export interface LogitPair {
  readonly student: Value;
  readonly teacher: Value;
  readonly classes: number;
  /** Shape of the logits without their classes. */
  readonly positions: readonly number[];
  /** Mean of one number a row: over positions, then over samples by weight. */
  mean(rows: Value): Value;
}

/** The logits of student and teacher. Classes are on the last axis, those of images (rank 4 and more) on axis 1, as in cross-entropy. */
export function logitPair(context: LossContext, { output, teacherOutput }: LogitsOptions): LogitPair {
  const { g, batch, outputs } = context;
  const logits = context.output(output);
  const shape = g.shape(logits);
  const axis = shape.length > 3 ? 1 : shape.length - 1;
  const classes = shape[axis]!;
  const rows = g.size(logits) / classes;
  const teacher = teacherInput(context, teacherOutput ?? output ?? outputs[0]!, shape);
  return {
    student: rowsOf(g, logits, axis),
    teacher: rowsOf(g, teacher, axis),
    classes,
    positions: shape.filter((_, i) => i !== axis),
    mean: (values) => weightedMean(context, g.reshape(values, [batch, rows / batch])),
  };
}

/** Every vector along `axis` as a row. */
function rowsOf(g: Emitter, value: Value, axis: number): Value {
  const shape = g.shape(value);
  const others = shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const classes = shape[axis]!;
  return g.reshape(g.transpose(value, [...others, axis]), [g.size(value) / classes, classes]);
}
