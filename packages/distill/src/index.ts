export type { DistillErrorCode } from './error-codes.js';
