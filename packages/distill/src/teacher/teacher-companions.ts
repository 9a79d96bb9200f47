import { GossamerError } from '@gossamer/graph';
import type { BatchArrays, Companions } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';
import { nameInTeacher, teacherName } from '../losses/teacher-input.js';
import type { Teacher } from './teacher.js';

/** The teacher's values `names` as arrays of every batch: it sees what the student sees, after augmentation. */
export function teacherCompanions(
  teacher: Teacher,
  names: readonly string[],
  batch: number,
  signal?: AbortSignal,
): Companions {
  return {
    names: names.map(teacherName),
    async compute(arrays: BatchArrays) {
      const asked = names.filter((name) => teacherName(name) in arrays);
      const values = await teacher.run(arrays, batch, asked, signal);
      for (const [array, data] of Object.entries(arrays)) {
        const value = values.get(nameInTeacher(array) ?? '');
        if (!value) continue;
        if (value.length !== data.length) {
          throw new GossamerError<DistillErrorCode>(
            'ERR_DISTILL_TEACHER',
            `teacher: expected ${data.length} numbers of ${nameInTeacher(array)}, as the student has, received [${value.dims.join()}]`,
          );
        }
        data.set(value.toFloat32() as never);
      }
    },
  };
}
