import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import type { Convolution } from '../convolution.js';

/** Emits the gradient of a convolution's weight, [o, c / group, kernel..]. */
export type Formulation = (g: Emitter, x: Value, dy: Value, problem: Convolution) => Value;
