/** Outputs of the forms that generators are trained in; losses know them by these names. */

/** What the generator made, [batch, ...shape]. */
export const MADE = 'made';
/** What the teacher says of it, [batch, classes]. */
export const TEACHER_LOGITS = 'teacher-logits';
/** What the teacher's last layer reads, [batch, features]. */
export const FEATURES = 'features';
/** What the student says of it, [batch, classes]. */
export const STUDENT_LOGITS = 'student-logits';
/** The random part of what a sample is made of, [batch, codes]. */
export const NOISE = 'noise';
/** What an encoder reads back of it, [batch, codes]. */
export const CODE_ESTIMATE = 'code-estimate';
/** The class each sample is to be of, one-hot [batch, classes]. */
export const CLASSES = 'classes';
/** Mean and logarithm of the variance of a sample's code, [batch, codes]. */
export const CODE_MEAN = 'code-mean';
export const CODE_LOG_VARIANCE = 'code-log-variance';
/** Real samples in [0, 1], and their reconstructions before the sigmoid, [batch, ...shape]. */
export const UNIT_SAMPLES = 'unit-samples';
export const RECONSTRUCTED = 'reconstructed';
/** How real a discriminator takes samples for, logits [batch, 1], and what they are. */
export const REALNESS = 'realness';
export const TARGETS = 'targets';
/** Real samples, [batch, ...shape]. */
export const REAL = 'real';
