import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** How an operator is written in primitives of the training form. One file each, or one for a family. */
export interface Lowering {
  readonly ops: readonly string[];
  /** '' is the standard's. */
  readonly domain: string;
  /**
   * Emits what stands for `node`: one value for each of its output slots (undefined: not asked for). Undefined: this node stays as it is.
   * Throws ERR_TRAINING_FORM for a form that cannot be trained, with the reason.
   */
  lower(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] | undefined;
}

export function defineLowering(spec: {
  readonly op: string | readonly string[];
  readonly domain?: string;
  lower: Lowering['lower'];
}): Lowering {
  const { op, domain = '', lower } = spec;
  return { ops: typeof op === 'string' ? [op] : op, domain, lower };
}
