export type { PruneErrorCode } from './error-codes.js';
