import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { PassContext } from './pass-context.js';
import type { PassScope } from './pass-scope.js';

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

/** Makes a pass of a rewrite that looks at one node at a time, in every scope (of opset `since` and later); true: it changed something. */
export function defineNodePass(spec: {
  readonly name: string;
  readonly exactness: Exactness;
  /** Default 1. */
  readonly since?: number;
  rewrite(node: Node, scope: PassScope, context: PassContext): boolean;
}): Pass {
  const { name, exactness, since = 1, rewrite } = spec;
  const run = (_model: Model, context: PassContext) => {
    let changes = 0;
    for (const scope of context.scopes()) {
      if (scope.opset < since) continue;
      for (const node of scope.graph.nodes()) if (rewrite(node, scope, context)) changes++;
    }
    return { changes };
  };
  return definePass({ name, exactness, run });
}

/** Types a pass. */
export function definePass(pass: Pass): Pass {
  return pass;
}
