export type { PruneErrorCode } from './error-codes.js';
export { gradual, type GradualOptions } from './sparsifiers/gradual.js';
export { movement, type MovementOptions } from './sparsifiers/movement.js';
export { rigl, type RiglOptions } from './sparsifiers/rigl.js';
export { surgery, type SurgeryOptions } from './sparsifiers/surgery.js';
