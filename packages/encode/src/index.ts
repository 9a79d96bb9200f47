export { type EncodeErrorCode } from './error-codes.js';
