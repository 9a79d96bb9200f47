export type { DistillErrorCode } from './error-codes.js';
export { hashModel } from './content-digest.js';
export { distill, type DistillOptions } from './distill.js';
export type { DataFreeOptions, GeneratorKind } from './data-free-options.js';
export { type DataFreeResult, distillDataFree } from './distill-data-free.js';
export {
  attentionRelations,
  type AttentionNames,
  type AttentionRelationsOptions,
} from './losses/attention-relations.js';
export { attentionTransfer } from './losses/attention-transfer.js';
export { correlation, type CorrelationOptions } from './losses/correlation.js';
export { decoupled, type DecoupledOptions } from './losses/decoupled.js';
export type { FeatureOptions } from './losses/feature-pair.js';
export { hardLabels } from './losses/hard-labels.js';
export { hint, type HintOptions } from './losses/hint.js';
export { hinton, type HintonOptions } from './losses/hinton.js';
export { logitMse } from './losses/logit-mse.js';
export { LOGIT_LOSSES, logitLoss, type LogitLossName } from './losses/logit-losses.js';
export type { LogitsOptions } from './losses/logits.js';
export { relationalAngle, relationalDistance } from './losses/relational.js';
export { cacheTeacher, type CacheOptions } from './teacher/cache-teacher.js';
export { Teacher, type TeacherOptions } from './teacher/teacher.js';
export { deriveStudent, type DerivedStudent } from './students/derive-student.js';
export {
  type LowRankStudent,
  parseStudent,
  type ShallowerStudent,
  type StudentSpec,
  type ThinnerStudent,
} from './students/student-spec.js';
