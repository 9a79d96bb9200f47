import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** One node whose inputs' gradients are wanted. */
export interface GradientCall {
  /** Where the gradient's operators go. */
  readonly g: Emitter;
  readonly node: Node;
  /** Input slots; undefined: absent. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
  /** Gradient of the loss by output i, of its shape; undefined: none reaches it. At least one does. */
  readonly grads: readonly (Value | undefined)[];
  /** Gradient by output 0; throws where none reaches it. */
  readonly dy: Value;
  /** Input 0. */
  readonly x: Value;
  /** Output 0. */
  readonly y: Value;
  /** Whether the gradient by input i is wanted. A rule may give others, too; they are dropped, and dead code goes. */
  needs(input: number): boolean;
  /** Whether the gradient by input i is asked for itself, not only on the way to others. */
  isWanted(input: number): boolean;
}

/** How gradients flow back through an operator. One file each (or one for a family that shares its formula). */
export interface GradientRule {
  readonly ops: readonly string[];
  /** '' is the standard's. */
  readonly domain: string;
  /** Gradients by input slot, each of its input's shape and type; undefined: none flows there. */
  gradient(call: GradientCall): readonly (Value | undefined)[];
}

export function defineGradient(spec: {
  readonly op: string | readonly string[];
  readonly domain?: string;
  gradient(call: GradientCall): readonly (Value | undefined)[];
}): GradientRule {
  const { op, domain = '', gradient } = spec;
  return { ops: typeof op === 'string' ? [op] : op, domain, gradient };
}
