export type { FactorizeErrorCode } from './error-codes.js';
