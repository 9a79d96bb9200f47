import type { Value } from '@gossamer/graph';
import type { LossContext } from '@gossamer/train';

const PREFIX = 'teacher/';

/** Name under which a batch carries value `name` of the teacher. */
export const teacherName = (name: string): string => `${PREFIX}${name}`;

/** The teacher's value called `name`, float32 of `shape`: an input of the training graph that a Teacher fills in. */
export const teacherInput = ({ input }: LossContext, name: string, shape: readonly number[]): Value =>
  input(teacherName(name), 'float32', shape);

/** The name in the teacher, of an array of a batch; undefined for an array that is not the teacher's. */
export const nameInTeacher = (name: string): string | undefined =>
  name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
