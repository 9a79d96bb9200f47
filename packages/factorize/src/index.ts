export type { FactorizeErrorCode } from './error-codes.js';
export { factorize, type FactorizeResult } from './factorize.js';
export { type MethodName, METHODS } from './methods/registry.js';
export type { Budget, FactorizeOptions } from './options.js';
export type { FactorizeReport, LayerReport } from './report.js';
