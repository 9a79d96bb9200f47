/** Codes of the errors this package throws; each is explained where it is thrown. */
export type DistillErrorCode = 'ERR_DISTILL_OPTIONS' | 'ERR_DISTILL_TEACHER' | 'ERR_DISTILL_STUDENT';
