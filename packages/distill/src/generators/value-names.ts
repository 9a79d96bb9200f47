/** Outputs of the forms that generators are trained in; losses know them by these names. */

/** What the generator made, [batch, ...shape]. */
export const MADE = 'made';
/** What the teacher says of it, [batch, classes]. */
export const TEACHER_LOGITS = 'teacher-logits';
/** What the teacher's last layer reads, [batch, features]. */
export const FEATURES = 'features';
/** What the student says of it, [batch, classes]. */
export const STUDENT_LOGITS = 'student-logits';
