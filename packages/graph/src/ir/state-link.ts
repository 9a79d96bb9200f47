import type { Tensor } from './tensor.js';
import type { Value } from './value.js';

/**
 * A value carried from one step to the next: what `output` holds after a step is fed to `input` in the next one; `init` (zeros when
 * undefined) in the first. Recurrent state, key-value caches, optimiser state and observers are all stated this way.
 */
export interface StateLink {
  readonly input: Value;
  readonly output: Value;
  readonly init: Tensor | undefined;
}
