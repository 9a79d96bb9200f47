export type { TrainErrorCode } from './error-codes.js';
