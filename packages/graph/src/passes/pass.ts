import type { Model } from '../ir/model.js';
import type { PassContext } from './pass-context.js';

/**
 * What a pass promises about the outputs of the model, run with the runtime's own optimisations off. 'exact': bitwise equal.
 * 'reassociates': the same real-number function, rounded at other places; the pass derives the bound.
 */
export type Exactness = 'exact' | 'reassociates';

/** One rewrite of a model. */
export interface Pass {
  /** Kebab-case: what it does, then to what. */
  readonly name: string;
  readonly exactness: Exactness;
  /**
   * Rewrites `model` in place, all scopes, and returns how many rewrites it made. Inputs and outputs keep names, order and types (but
   * for inputs with data of their own, see inputs-to-initializers); a node it does not know stays as it is.
   */
  run(model: Model, context: PassContext): { readonly changes: number };
}

/** Types a pass. */
export function definePass(pass: Pass): Pass {
  return pass;
}
